/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Reading captures: see capture.h. libpcap reads both formats and gives nanoseconds whatever the
 * file's resolution is. All packets are kept, so that a run can be repeated from memory.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "nic/capture.h"
#include "nic/packet.h"

#define NSEC_PER_SEC 1000000000ull

static int open_stream(const char *path, FILE **ret, struct skep_diag *diag)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;

	if (!file)
		return diag_fail(diag, -errno, "cannot open capture %s: %s", path, strerror(errno));
	*ret = file;
	return 0;
}

static int open_capture(const char *path, FILE *file, pcap_t **ret, struct skep_diag *diag)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap;

	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, reason);
	if (!pcap) {
		diag_fail(diag, -EINVAL, "%s is no pcap or pcapng capture: %s", path, reason);
		diag_try(diag, "capture with `tcpdump -w %s`, or convert with editcap", path);
		return -EINVAL;
	}
	*ret = pcap;
	return 0;
}

static int check_link_type(const char *path, pcap_t *pcap, struct skep_diag *diag)
{
	int type = pcap_datalink(pcap);
	const char *name = pcap_datalink_val_to_name(type);

	if (type == DLT_EN10MB)
		return 0;
	diag_fail(diag, -EPROTONOSUPPORT,
		  "capture %s holds packets of link type %s (%d); the XDP hook takes Ethernet "
		  "(EN10MB, 1) only",
		  path, name ? name : "unknown", type);
	diag_try(diag, "capture on an Ethernet or veth device, not on `any`");
	return -EPROTONOSUPPORT;
}

static int add_packet(struct capture *capture, const struct pcap_pkthdr *header, const void *data)
{
	struct capture_packet *packets = capture->packets;
	size_t capacity;

	if (capture->nr == capture->capacity) {
		capacity = capture->capacity ? 2 * capture->capacity : 256;
		packets = reallocarray(packets, capacity, sizeof(*packets));
		if (!packets)
			return -ENOMEM;
		capture->packets = packets;
		capture->capacity = capacity;
	}
	packets[capture->nr++] = (struct capture_packet){
		.off = capture->bytes.len,
		.len = header->caplen,
		.wire_len = header->len,
		/* with nanosecond precision tv_usec holds nanoseconds */
		.ns = (u64)header->ts.tv_sec * NSEC_PER_SEC + (u64)header->ts.tv_usec,
	};
	buf_add(&capture->bytes, data, header->caplen);
	if (header->caplen > capture->max_len)
		capture->max_len = header->caplen;
	capture->nr_cut += header->caplen < header->len;
	return capture->bytes.err;
}

static int read_packets(const char *path, pcap_t *pcap, struct capture *capture,
			struct skep_diag *diag)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int got, err;

	while ((got = pcap_next_ex(pcap, &header, &data)) == 1) {
		if (header->caplen > PACKET_LEN_MAX)
			return diag_fail(diag, -EMSGSIZE,
					 "packet %zu of capture %s has %u bytes; the limit is %u",
					 capture->nr + 1, path, header->caplen, PACKET_LEN_MAX);
		err = add_packet(capture, header, data);
		if (err)
			return diag_fail(diag, err, "no memory for packet %zu of capture %s",
					 capture->nr + 1, path);
	}
	if (got == PCAP_ERROR_BREAK)
		return 0;
	diag_fail(diag, -EBADMSG,
		  "capture %s breaks off in packet %zu (%zu whole %s before it): %s", path,
		  capture->nr + 1, capture->nr, capture->nr == 1 ? "packet" : "packets",
		  pcap_geterr(pcap));
	if (capture->nr)
		diag_try(diag, "keep the whole packets: editcap -r %s whole.pcap 1-%zu", path,
			 capture->nr);
	return -EBADMSG;
}

int capture_read(const char *path, struct capture *capture, struct skep_diag *diag)
{
	FILE *file = NULL;
	pcap_t *pcap;
	int err;

	memset(capture, 0, sizeof(*capture));
	err = open_stream(path, &file, diag);
	if (!err) {
		err = open_capture(path, file, &pcap, diag);
		if (err && file != stdin)
			fclose(file);
	}
	if (!err) {
		err = check_link_type(path, pcap, diag);
		if (!err)
			err = read_packets(path, pcap, capture, diag);
		pcap_close(pcap); /* and the stream */
	}
	if (err) {
		diag_category(diag, "capture");
		capture_free(capture);
	}
	return err;
}

void capture_free(struct capture *capture)
{
	buf_free(&capture->bytes);
	free(capture->packets);
	memset(capture, 0, sizeof(*capture));
}
