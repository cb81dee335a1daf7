"""An upload is data: whatever it says, it is parsed and nothing in it is executed."""

from pathlib import Path

import pytest

from inventory.ansible import processes, reading
from inventory.ansible.reading import Unreadable, read, read_upload, upload_problem

pytestmark = [pytest.mark.slow, pytest.mark.on_either]  # runs Ansible

BOMB = "\n".join(
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)),
    ]
)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ini", "[web]\nw1 ansible_host=192.0.2.1 n=5\n"),
        ("yaml", "web:\n  hosts:\n    w1: {ansible_host: 192.0.2.1, n: 5}\n"),
        ("toml", '[web.hosts]\nw1 = {ansible_host = "192.0.2.1", n = 5}\n'),
    ],
)
def test_each_format_is_read(kind, text) -> None:
    listed = read_upload(text, kind)
    (host,) = listed.hosts
    assert (host.name, host.variables) == ("w1", {"ansible_host": "192.0.2.1", "n": 5})
    assert [group.name for group in listed.groups] == ["all", "ungrouped", "web"]


def test_a_script_is_not_executed(tmp_path) -> None:
    ran = tmp_path / "ran"
    for kind in reading.DATA_FORMATS:
        with pytest.raises(Unreadable):
            read_upload(f"#!/bin/sh\ntouch {ran}\necho '{{}}'\n", kind)
    assert not ran.exists()


def test_a_plugin_configuration_is_refused(tmp_path) -> None:
    with pytest.raises(Unreadable, match="Plugin configuration"):
        read_upload("plugin: ansible.builtin.constructed\nstrict: true\n", "yaml")


def test_templates_in_values_stay_text(tmp_path) -> None:
    ran = tmp_path / "ran"
    template = f"{{{{ lookup('pipe', 'touch {ran}') }}}}"
    listed = read_upload(f'all: {{hosts: {{w1: {{x: "{template}"}}}}}}\n', "yaml")
    assert listed.hosts[0].variables == {"x": template}
    listed = read_upload(f'w1 x="{template}"\n', "ini")
    assert listed.hosts[0].variables == {"x": template}
    assert not ran.exists()


def test_vaulted_values_stay_vaulted() -> None:
    vaulted = "      $ANSIBLE_VAULT;1.1;AES256\n      3133\n"
    listed = read_upload(f"all:\n  hosts:\n    w1:\n     x: !vault |\n{vaulted}", "yaml")
    assert listed.hosts[0].variables == {
        "x": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3133\n"}
    }


def test_python_objects_of_yaml_are_not_made() -> None:
    text = 'all:\n  hosts:\n    w1:\n      x: !!python/object/apply:os.system ["true"]\n'
    with pytest.raises(Unreadable, match="The upload:4"):
        read_upload(text, "yaml")


def test_a_bomb_of_aliases_ends_in_a_sentence() -> None:
    text = f"all:\n  hosts:\n    w1: {{}}\n  vars:\n{indented(BOMB, 4)}"
    with pytest.raises(Unreadable, match=r"aliases"):
        read_upload(text, "yaml")


def indented(text: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in text.splitlines())


def test_nesting_without_an_end_is_refused() -> None:
    with pytest.raises(Unreadable):
        read_upload(f"all: {{vars: {{x: {'[' * 5000}{']' * 5000}}}}}", "yaml")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"x" * (reading.LARGEST_UPLOAD + 1), "It is larger than 5 MB."),
        (b"w1\nw2 x=\xff\n", "It is not UTF-8 text (line 2)."),
        (b"w1\nw2\nw3 \0\n", "It contains a NUL character (line 3)."),
        (b" \n", "It is empty."),
    ],
)
def test_what_is_no_text_is_refused_before_ansible_sees_it(content, problem) -> None:
    assert upload_problem(content, "ini") == problem


def test_another_format_is_refused() -> None:
    with pytest.raises(Unreadable, match="must be one of ini, yaml, toml"):
        read_upload("w1\n", "script")


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        ("ini", "[web]\nw1\nw2 oops\n", 3),
        ("yaml", "all:\n  hosts:\n    w1: {a: [}\n", 3),
    ],
)
def test_what_is_wrong_is_named_with_its_line(kind, text, line) -> None:
    with pytest.raises(Unreadable) as refused:
        read_upload(text, kind)
    assert f"The upload:{line}: " in str(refused.value)
    assert "/tmp" not in str(refused.value)


def test_what_is_wrong_is_said_without_the_text_of_the_file() -> None:
    for text in ("w1 password=my hunter2\n", 'w1 password="hunter2\n', "[a:vars]\nsay hunter2\n"):
        with pytest.raises(Unreadable) as refused:
            read_upload(text, "ini")
        assert "hunter2" not in str(refused.value)


def test_files_of_the_machine_are_not_beside_it(tmp_path, monkeypatch) -> None:
    """group_vars of whatever folder a worker was started in are not the upload's."""
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("stray: 1\n")
    monkeypatch.chdir(tmp_path)
    listed = read_upload("w1\n", "ini")
    assert all(not group.files for group in listed.groups)


SLOW = """#!/bin/sh
setsid sh -c 'echo $$ > {pid}; sleep 600' &
sleep 600
"""


def test_a_script_that_hangs_is_killed_with_everything_that_it_started(
    tmp_path, monkeypatch
) -> None:
    pid = tmp_path / "pid"
    script = tmp_path / "slow"
    script.write_text(SLOW.format(pid=pid))
    script.chmod(0o700)
    limits = reading.Limits(seconds=3, memory=2 * 1024**3, file_size=1024**2)
    monkeypatch.setattr(reading, "FOR_ANYTHING", limits)
    with pytest.raises(Unreadable, match="did not finish within 3 s"):
        read(script)
    assert is_gone(int(pid.read_text()))


def test_what_a_script_leaves_behind_ends_with_it(tmp_path) -> None:
    pid = tmp_path / "pid"
    script = tmp_path / "daemon"
    hosts = '{"all": {"hosts": ["w1"]}, "_meta": {"hostvars": {}}}'
    leave = f"setsid sh -c 'echo $$ > {pid}; exec sleep 600' >/dev/null 2>&1 &"
    wait = f"while ! [ -s {pid} ]; do :; done"
    script.write_text(f"#!/bin/sh\n{leave}\n{wait}\necho '{hosts}'\n")
    script.chmod(0o700)
    assert [host.name for host in read(script).hosts] == ["w1"]
    assert is_gone(int(pid.read_text()))


def is_gone(pid: int) -> bool:
    try:
        return processes._is_zombie(Path("/proc") / str(pid))
    except FileNotFoundError:
        return True


def test_a_script_that_never_stops_printing_is_stopped(tmp_path, monkeypatch) -> None:
    script = tmp_path / "loud"
    script.write_text("#!/bin/sh\nyes x >&2 & exec yes\n")
    script.chmod(0o700)
    limits = reading.Limits(seconds=30, memory=512 * 1024**2, file_size=1024**2)
    monkeypatch.setattr(reading, "FOR_ANYTHING", limits)
    with pytest.raises(Unreadable) as refused:
        read(script)
    assert len(str(refused.value)) < 30_000


def test_a_script_gets_none_of_our_secrets(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "xyzzy")
    monkeypatch.setenv("CLOUD_TOKEN", "for-the-script")
    script = tmp_path / "env"
    shown = '{"all": {"hosts": ["w1"], "vars": {"seen": "\'"$SECRET_KEY$CLOUD_TOKEN"\'"}}}'
    script.write_text(f"#!/bin/sh\necho '{shown}'\n")
    script.chmod(0o700)
    assert read(script).groups[0].variables == {"seen": ""}
    kept = read(script, keep_environment=["CLOUD_TOKEN"])
    assert kept.groups[0].variables == {"seen": "for-the-script"}


def test_a_range_of_a_billion_hosts_ends_in_a_sentence(monkeypatch) -> None:
    limits = reading.Limits(seconds=60, memory=400 * 1024**2, file_size=1024**2)
    monkeypatch.setattr(reading, "FOR_DATA", limits)
    with pytest.raises(Unreadable, match=r"memory|did not finish"):
        read_upload("web[1:999999999]\n", "ini")
