/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Captures of Ethernet frames: read whole from pcap or pcapng (libpcap), written as pcapng with
 * what XDP said about each packet (draft-ietf-opsawg-pcapng, options epb_packetid, epb_queue and
 * epb_verdict, which Wireshark shows as frame.verdict.ebpf_xdp).
 */
#ifndef SKEP_NIC_CAPTURE_H
#define SKEP_NIC_CAPTURE_H

#include "base/buf.h"
#include "base/types.h"

struct skep_diag;

struct capture_packet {
	size_t off; /* into the capture's bytes */
	u32 len;
	u32 wire_len; /* longer than len when the capture cut the packet */
	u64 ns;       /* since 1970 */
};

struct capture {
	struct buf bytes;
	struct capture_packet *packets;
	size_t nr, capacity;
	u32 max_len;
	size_t nr_cut; /* packets shorter here than on the wire */
};

/*
 * Read every packet of a file ("-": standard input). Returns 0, or -errno with words: what is
 * missing, unreadable, no capture, not of Ethernet, or ends inside a packet (-EBADMSG; the words
 * say how many whole packets come before). An empty capture is no error here.
 */
int capture_read(const char *path, struct capture *capture, struct skep_diag *diag);
void capture_free(struct capture *capture);

static inline const void *capture_data(const struct capture *capture, size_t nr)
{
	return buf_text(&capture->bytes) + capture->packets[nr].off;
}

struct capture_writer;

struct capture_record {
	const void *data;
	u32 len;
	u32 wire_len;
	u64 ns;
	u64 id; /* counts packets */
	u32 queue;
	s64 verdict;
	const char *comment;
};

/* Create (or overwrite) a file for packets of `interface`. Returns 0 and *ret, or -errno. */
int capture_writer_open(const char *path, const char *interface, struct capture_writer **ret,
			struct skep_diag *diag);
void capture_writer_add(struct capture_writer *writer, const struct capture_record *record);
/* Also frees. Returns 0, or -errno with words when anything since the start failed. */
int capture_writer_close(struct capture_writer *writer, struct skep_diag *diag);

#endif
