"""The private names of paramiko that the transfer engine and the line to a server stand on.

A new paramiko that fails here needs a look at `gateway/sftp/wire.py`, `packetizer.py` and
`transport.py` before its version is allowed in pyproject.toml.
"""

from __future__ import annotations

import inspect
import re

import paramiko
import pytest
from paramiko.buffered_pipe import BufferedPipe
from paramiko.channel import Channel

from gateway.sftp import packetizer

CALLED = [
    (Channel, "_event_pending", "()"),
    (Channel, "_wait_for_send_window", "(size)"),
    (Channel, "_check_add_window", "(n)"),
    (Channel, "_window_adjust", "(m)"),
    (paramiko.Transport, "_send_user_message", "(data)"),
    (BufferedPipe, "feed", "(data)"),
    (BufferedPipe, "close", "()"),
]


@pytest.mark.parametrize(("owner", "name", "takes"), CALLED, ids=[name for _owner, name, _takes in CALLED])
def test_what_is_called_is_there(owner: type, name: str, takes: str) -> None:
    """The installed paramiko shall have each private method that is called, with its parameters."""
    found = getattr(owner, name, None)
    assert found is not None, f"paramiko has no {owner.__name__}.{name} any more: gateway/sftp stands on it"
    parameters = [name for name in inspect.signature(found).parameters if name != "self"]
    assert f"({', '.join(parameters)})" == takes, f"{owner.__name__}.{name} takes other parameters now"


@pytest.mark.parametrize(
    "name",
    [
        "in_buffer",
        "in_stderr_buffer",
        "event",
        "event_ready",
        "lock",
        "remote_chanid",
        "out_window_size",
    ],
)
def test_a_channel_has_what_is_looked_at(name: str) -> None:
    """A channel of the installed paramiko shall have each attribute that is read or replaced."""
    assert hasattr(Channel(1), name), f"paramiko's channels have no {name} any more"


def test_a_channel_feeds_and_closes_its_buffers_and_nothing_else() -> None:
    """A buffer that has only `feed` and `close` shall serve a channel: its own code calls no more."""
    source = "".join(
        inspect.getsource(getattr(Channel, name))
        for name in ("_feed", "_feed_extended", "_handle_eof", "_set_closed", "_unlink", "_handle_close")
    )
    for buffer in ("in_buffer", "in_stderr_buffer"):
        calls = {
            line.split(buffer + ".", 1)[1].split("(")[0]
            for line in source.splitlines()
            if buffer + "." in line
        }
        assert calls == {"feed", "close"}, f"paramiko calls more of a channel's {buffer} now: {calls}"


def test_the_state_of_a_line_is_where_it_is_looked_for() -> None:
    """The installed paramiko shall keep a connection's ciphers and counts under the names that are used."""
    source = inspect.getsource(packetizer)
    used = set(re.findall(r"_Packetizer__\w+", source))
    line = packetizer.Packetizer(object())
    missing = sorted(name for name in used if not hasattr(line, name))
    assert used, "nothing of it is used: this test can go"
    assert not missing, f"paramiko keeps these no more: {missing}"
    assert line._state._inc_iv_counter(bytes(12)) == bytes(11) + b"\1"
    sender = inspect.getsource(paramiko.packet.Packetizer.send_message)
    assert "self._trigger_rekey()" in sender
    assert "packet[0:4] + self.__block_engine_out.encrypt(" in sender, "paramiko seals messages otherwise now"


def test_a_message_is_what_has_its_bytes() -> None:
    """Whatever gives its bytes as a message does shall be sent by the library's own code."""
    assert packetizer.Parts([b"ab", memoryview(b"cd")]).asbytes() == b"abcd"
    sender = inspect.getsource(paramiko.packet.Packetizer.send_message)
    assert sender.count("data.asbytes()") == 1
