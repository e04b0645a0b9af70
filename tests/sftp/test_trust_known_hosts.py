"""known_hosts as OpenSSH writes and reads it: who stands in it, what is thought of a key, how it changes."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import HostKeyUnknown
from gateway.sftp.files import LARGEST
from gateway.sftp.known_hosts import HostKey, line_for, parse, parse_line, patterns_name, without
from gateway.sftp.trust import Trust, Trusted, decide, read_known_hosts
from tests.sftp.openssh import fingerprint, make_key, program


def key(text: str, kind: str = "ssh-ed25519") -> HostKey:
    """Return a key of that type with any content."""
    name = kind.encode()
    return HostKey(kind, len(name).to_bytes(4, "big") + name + text.encode())


def line(patterns: str, one: HostKey, marker: str = "") -> str:
    encoded = base64.b64encode(one.blob).decode()
    return f"{marker + ' ' if marker else ''}{patterns} {one.type} {encoded} comment\n"


OLD, NEW, OTHER = key("old"), key("new"), key("other")


@pytest.mark.parametrize(
    ("patterns", "host", "port", "named"),
    [
        ("erp.example", "erp.example", 22, True),
        ("ERP.example", "erp.EXAMPLE", 22, True),
        ("erp.example", "erp.example", 2222, False),
        ("[erp.example]:2222", "erp.example", 2222, True),
        ("[erp.example]:22", "erp.example", 22, True),
        ("a,erp.example,b", "erp.example", 22, True),
        ("*.example", "erp.example", 22, True),
        ("erp?.example", "erp1.example", 22, True),
        ("erp?.example", "erp.example", 22, False),
        ("*.example,!erp.example", "erp.example", 22, False),
        ("!erp.example", "mes.example", 22, False),
        ("[*]:2222", "erp.example", 2222, True),
        ("[2001:db8::1]:2222", "2001:db8::1", 2222, True),
        ("2001:db8::1", "2001:db8::1", 22, True),
        ("|1|damaged", "erp.example", 22, False),
        ("|1|!!|??", "erp.example", 22, False),
        ("|2|YQ==|YQ==", "erp.example", 22, False),
    ],
)
def test_a_line_names_the_hosts_that_openssh_says(patterns: str, host: str, port: int, named: bool) -> None:
    """Names, ports, wildcards and exceptions shall mean what sshd(8) says of them."""
    assert patterns_name(patterns.split(","), host, port) is named


def test_hashed_names_and_fingerprints_are_those_of_openssh(tmp_path: Path) -> None:
    """A file hashed by ssh-keygen shall name the same hosts, and fingerprints shall be the ones it prints."""
    public = Path(f"{make_key(tmp_path / 'host')}.pub").read_text().split()
    known = tmp_path / "known_hosts"
    known.write_text(f"erp.example {public[0]} {public[1]}\n[mes.example]:2222 {public[0]} {public[1]}\n")
    subprocess.run([program("ssh-keygen"), "-q", "-H", "-f", known], check=True, capture_output=True)
    assert "example" not in known.read_text()
    first, second = parse(known.read_text())
    assert first.names("erp.example", 22)
    assert not first.names("mes.example", 2222)
    assert second.names("MES.example", 2222)
    assert first.key.fingerprint == fingerprint(tmp_path / "host.pub")
    assert parse(without(known.read_text(), "erp.example", 22)) == [second]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# erp ssh-ed25519 AAAA",
        "erp",
        "erp ssh-ed25519",
        "erp ssh-ed25519 not-base64!",
        "erp ssh-ed25519 AAAA",
        "erp ssh-rsa " + line("x", OLD).split()[2],
        "@unknown erp ssh-ed25519 " + line("x", OLD).split()[2],
        "@revoked",
        "\x00\udcff é",
    ],
)
def test_a_line_that_is_not_understood_hides_no_other(text: str) -> None:
    """Damaged, foreign and commented lines shall say nothing, and those around them count as ever."""
    assert parse_line(text) is None
    whole = line("erp", OLD) + text + "\n" + line("erp", NEW)
    assert [one.key for one in parse(whole)] == [OLD, NEW]
    assert without(whole, "erp", 22) == text + "\n"


@pytest.mark.parametrize(
    ("text", "shown", "verdict"),
    [
        ("", OLD, Trust.UNKNOWN),
        (line("mes", OLD), OLD, Trust.UNKNOWN),
        (line("erp", OLD), OLD, Trust.TRUSTED),
        (line("erp", OLD), NEW, Trust.CHANGED),
        (line("erp", OLD), key("old", "ssh-rsa"), Trust.CHANGED),
        (line("erp", OLD) + line("erp", NEW), NEW, Trust.TRUSTED),
        (line("erp", OLD) + line("*", OLD, "@revoked"), OLD, Trust.REVOKED),
        (line("erp", NEW) + line("*", OLD, "@revoked"), NEW, Trust.TRUSTED),
        (line("*", OLD, "@cert-authority"), OLD, Trust.UNKNOWN),
        (line("erp", OLD) + line("*", OTHER, "@cert-authority"), OLD, Trust.TRUSTED),
    ],
)
def test_known_hosts_decides_what_is_thought_of_a_key(text: str, shown: HostKey, verdict: Trust) -> None:
    """Only a key that stands there for the host shall be trusted; a revoked one never."""
    entries = tuple(one for one in parse(text) if one.names("erp", 22))
    assert decide(Trusted((), entries), shown) is verdict


def test_fingerprints_of_the_configuration_decide_alone() -> None:
    """With fingerprints in the configuration known_hosts shall not count, whatever it says."""
    pinned = Trusted((f"{NEW.fingerprint}=",), tuple(parse(line("erp", OLD))))
    assert decide(pinned, NEW) is Trust.TRUSTED
    assert decide(pinned, OLD) is Trust.CHANGED


def test_taking_a_host_out_leaves_everything_else_as_it_stands() -> None:
    """Comments, other hosts, authorities and revocations shall stay, byte for byte."""
    kept = f"# ours\n\n{line('mes', OLD)}{line('*', OTHER, '@revoked')}{line('*', NEW, '@cert-authority')}"
    text = f"{line('erp', OLD)}{kept}{line('erp', NEW)}"
    assert without(text, "erp", 22) == kept
    assert without(kept, "erp", 22) == kept


def test_a_host_that_shares_a_line_is_taken_out_of_it() -> None:
    """Hosts on one line shall keep it, and a wildcard shall get an exception for the one that leaves."""
    assert without(line("erp,mes", OLD), "erp", 22) == line("mes", OLD)
    assert without(line("*.example", OLD), "erp.example", 22) == line("!erp.example,*.example", OLD)
    assert without(line("erp,!mes", OLD), "erp", 22) == ""


_NAMES = st.lists(
    st.sampled_from(["erp", "mes", "*", "e*", "!mes", "!erp", "[erp]:22", "[erp]:2222", "e?p", "|1|x"]),
    min_size=1,
    max_size=4,
)


@given(st.lists(st.tuples(_NAMES, st.sampled_from([OLD, NEW]))), st.sampled_from([22, 2222]))
def test_after_an_approval_that_key_alone_is_trusted(
    lines: list[tuple[list[str], HostKey]], port: int
) -> None:
    """Whatever stood in the file, afterwards the host shall have the new key alone, and others their own."""
    text = "".join(line(",".join(names), one) for names, one in lines)
    after = without(text, "erp", port) + line_for("erp", port, OTHER, "approved")
    assert [one.key for one in parse(after) if one.names("erp", port)] == [OTHER]
    for host, other in (("mes", 22), ("erp", 22 if port == 2222 else 2222)):
        before = [one.key for one in parse(text) if one.names(host, other)]
        assert [one.key for one in parse(after) if one.names(host, other)] == before


def test_a_file_of_known_hosts_has_a_largest_size(tmp_path: Path) -> None:
    """A file that would make every session slow shall be refused, with why and what to do."""
    path = tmp_path / "known_hosts"
    path.write_text(line("erp.example", NEW).ljust(LARGEST))
    assert [one.key for one in parse(read_known_hosts(path))] == [NEW]
    with path.open("a") as file:
        file.write("\n")
    with pytest.raises(HostKeyUnknown, match="larger than 1,048,576 bytes") as caught:
        read_known_hosts(path)
    assert "only the servers of this site" in (caught.value.hint or "")
