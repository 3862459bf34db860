# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""skep run --map: every form of key and value, and dumps that can be read back."""
import harness
from harness import HOOKS, PING

RECORD = {"number": 5, "low": 5, "high": 17, "name": "eth0", "color": "GREEN", "yes": True,
          "negative": -3, "big": "0xfffffffffffffffe",
          "inner": {"mac": "52:54:27:27:27:25", "list": [1, 2, 3]}, "either": {"word": 0x04030201}}


def touch(t, *fills):
    args = []
    for number, (name, content) in enumerate(fills):
        args += ["--map", f"{name}=" + t.write(f"fill{number}.json", content)]
    return t.skep("-j", "run", HOOKS, "-P", "touch", "--in", PING, *args).json()["maps"]


def hex_bytes(data):
    return [f"0x{byte:02x}" for byte in data]


def test_numbers_and_bytes(t):
    forms = [(7, 1), ("0x7", "0x1"), ([7, 0, 0, 0], ["0x01", 0, 0, 0]), ("07000000", "01 00 00 00"),
             ("07:00:00:00", "01:00:00:00")]
    for key, value in forms:
        key = 1 if key == 7 else key
        key = "0x1" if key == "0x7" else key
        key = [1, 0, 0, 0] if isinstance(key, list) else key
        if isinstance(key, str):
            key = key.replace("07", "01")
        words = touch(t, ("words", [{"key": key, "value": value}]))["words"]
        assert words[1] == {"key": hex_bytes([1, 0, 0, 0]), "value": hex_bytes([1, 0, 0, 0])}
        assert words[0]["value"] == hex_bytes(bytes(4))


def test_limits_of_numbers(t):
    for value, stored in [(2**32 - 1, b"\xff\xff\xff\xff"), (-1, b"\xff\xff\xff\xff"),
                          (-2**31, b"\0\0\0\x80")]:
        words = touch(t, ("words", [{"key": 0, "value": value}]))["words"]
        assert words[0]["value"] == hex_bytes(stored), (value, words)


def test_any_size(t):
    value = bytes(range(20))
    raw = touch(t, ("raw", [{"key": "010203", "value": value.hex()}]))["raw"]
    assert raw == [{"key": hex_bytes([1, 2, 3]), "value": hex_bytes(value)}]


def test_struct(t):
    records = touch(t, ("records", [{"key": 3, "value": RECORD}]))["records"]
    assert records[0]["key"] == hex_bytes([3, 0, 0, 0])
    shown = records[0]["formatted"]
    assert shown["key"] == 3
    assert shown["value"] == {
        "number": 5, "low": "0x5", "high": "0x11", "name": "eth0", "color": "GREEN", "yes": True,
        "negative": -3, "big": 0xfffffffffffffffe,
        "inner": {"mac": [0x52, 0x54, 0x27, 0x27, 0x27, 0x25], "list": [1, 2, 3]},
        "either": {"word": 0x04030201, "bytes": [1, 2, 3, 4]}}, shown


def test_absent_members_are_zero(t):
    records = touch(t, ("records", [{"key": 3, "value": {"high": 1}}]))["records"]
    value = [int(byte, 16) for byte in records[0]["value"]]
    assert value[4] == 8 and sum(value) == 8, value


def test_program_reads_what_was_filled(t):
    fill = t.write("records.json", [{"key": 3, "value": RECORD}])
    result = t.run("record", "--map", f"records={fill}", argument=3)
    assert result["verdicts"]["XDP_PASS"]["packets"] == 7  # GREEN is 2
    result = t.run("record", "--map", f"records={fill}", argument=4)
    assert result["verdicts"]["XDP_ABORTED"]["packets"] == 7


def test_percpu(t):
    counts = touch(t, ("counts", [{"key": 1, "value": 9}]))["counts"]
    assert {cpu["value"] for cpu in counts[1]["formatted"]["values"]} == {9}
    assert {cpu["value"] for cpu in counts[0]["formatted"]["values"]} == {0}
    counts = touch(t, ("counts", [{"key": 1, "values": [{"cpu": 0, "value": 4}]}]))["counts"]
    values = [cpu["value"] for cpu in counts[1]["formatted"]["values"]]
    assert values[0] == 4 and not any(values[1:])


def test_global_data_keeps_the_rest(t):
    config = t.write("data.json", [{"key": 0, "value": {"packets": 100}}])
    result = t.run("pass", "--map", f".bss={config}")
    assert result["maps"]["hooks.bss"][0]["formatted"]["value"] == {".bss": [{"packets": 107}]}
    rodata = t.run("drop", argument=77)["maps"]["hooks.rodata"][0]["formatted"]["value"][".rodata"]
    assert {"mode": "MODE_DROP"} in rodata and {"argument": 77} in rodata, rodata


def test_dump_can_be_read_back(t):
    first = touch(t, ("records", [{"key": n, "value": dict(RECORD, number=n)} for n in range(3)]),
                  ("raw", [{"key": "010203", "value": "11" * 20}]),
                  ("counts", [{"key": 1, "values": [{"cpu": 0, "value": 4}]}]),
                  ("raw_counts", [{"key": 9, "value": "22" * 20}]),
                  ("words", [{"key": 0, "value": 1}]))
    second = touch(t, *first.items())
    for entries in (first, second):
        entries["records"].sort(key=lambda entry: entry["key"])
    assert first == second
    # and by type alone, as the text form shows
    formatted = [entry["formatted"] for entry in first["records"]]
    third = touch(t, ("records", formatted))
    third["records"].sort(key=lambda entry: entry["key"])
    assert third["records"] == first["records"]


def test_max_entries(t):
    """A map file that is too long for the map as the object has it, and a larger map."""
    fill = t.write("words.json", [{"key": n, "value": n} for n in range(5)])
    args = ["-j", "run", HOOKS, "-P", "touch", "--in", PING, "--map", f"words={fill}"]
    t.skep(*args, status=2)
    words = t.skep(*args, "--max-entries", "words=6").json()["maps"]["words"]
    assert [int(entry["value"][0], 16) for entry in words] == [0, 1, 2, 3, 4, 0]


def test_long_maps_are_left_out(t):
    args = ["-j", "run", HOOKS, "-P", "touch", "--in", PING, "--max-entries"]
    assert len(t.skep(*args, "words=4096").json()["maps"]["words"]) == 4096
    result = t.skep(*args, "words=4097").json()
    assert "words" not in result["maps"] and result["maps_left_out"] == ["words"]
    result = t.skep(*args, "words=4097", "--dump-maps").json()
    assert len(result["maps"]["words"]) == 4097 and "maps_left_out" not in result


def test_empty_file_of_entries(t):
    assert touch(t, ("records", []))["records"] == []


harness.main(globals())
