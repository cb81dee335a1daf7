"""Inventories that are a single file: INI, YAML, TOML, scripts. Each is (files, the same later)."""

INI = {
    "one host": ("web1\n", "web1 ansible_host=10.0.0.1\n"),
    "hosts with aliases and connections": (
        "web1 ansible_host=10.0.0.1 ansible_port=2201 ansible_user=deploy\n"
        "web2 ansible_ssh_host=10.0.0.2 ansible_ssh_port=2202 ansible_ssh_user=ops\n"
        "db1:5022\n[fe80::1]:2222\nlocal ansible_connection=local\n"
        "alias ansible_host=\"{{ inventory_hostname }}.internal\" ansible_port='{{ 2000 + 22 }}'\n"
        "jump ansible_ssh_common_args='-o ProxyJump=bastion'\n"
        "win ansible_connection=winrm ansible_winrm_transport=ntlm\n",
        "web1 ansible_host=10.0.0.9\nweb2\ndb1\n",
    ),
    "ranges and children": (
        "[app]\nweb[01:03].lan ansible_host=10.0.0.1\nnode-[a:c] ansible_port=2201\nstep[0:6:3]\n"
        "[standby]\n[balancers:children]\nstandby\n[eu:children]\napp\n[eu:vars]\nregion=eu\n"
        "[world:children]\neu\nbalancers\n",
        "[app]\nweb[01:04].lan\n[eu:children]\napp\n[eu:vars]\nregion=us\n",
    ),
    "types": (
        "lonely\n[app]\none\n[app:vars]\n"
        'quoted="a b # no comment"\nboolish=yes\ntruth=True\noctal=0644\nfloaty=1.10\n'
        "exponent=1e3\nempty=\nlisted=['a', 'b', {'c': 1}]\n"
        'nested={"x": {"y": [1, 2]}}\nbig=123456789012345678901234567890\n'
        "template={{ inventory_hostname }}-x\npath=C:\\temp\\new\nnone=None\ntuple=(1, 2)\n"
        "hash=a#b\ncolon=a:b\nequals=a=b\nunicode=größe\nset={1}\nbytes=b'x'\n",
        "lonely\n[app]\none\n[app:vars]\nboolish=no\nfloaty=1.1\nlisted=['b', 'a']\n",
    ),
    "types of hosts": (
        "one a=1 b=1.0 c='x y' d=\"q'q\" e=True f=\"['a', 1]\" h=0x1F i=1_000 j=''\n",
        "one a=2 b=1 c=x\n",
    ),
    "a host in several groups, and twice in one": (
        "[b]\nx v=1\ny\n[a]\ny\nx v=2\nx w=3\n[c:children]\na\nb\n",
        "[b]\ny\nx\n[a]\nx v=9\n",
    ),
    "the order of hosts in groups": (
        "[servers]\nz9\na1\nm5\n[agents]\nm5\nz9\nb2\n[cluster:children]\nservers\nagents\n",
        "[servers]\nm5\na1\nz9\n[agents]\nb2\nz9\nm5\n[cluster:children]\nagents\nservers\n",
    ),
    "empty groups": (
        "[web]\nw1\n[none]\n[nothing:children]\nnone\n[also:vars]\nx=1\n[also]\n"
        "[top:children]\nweb\nnone\n",
        "[web]\nw1\n[none]\nw1\n[nothing:children]\nnone\n",
    ),
    "priorities": (
        "h\n[a]\nh\n[b]\nh\n[z]\nh\n[a:vars]\nansible_group_priority=10\nv=a\nu=a\n[b:vars]\nv=b\n"
        "u=b\n[z:vars]\nv=z\nw=z\n",
        "[a]\nh\n[b]\nh\n[z]\nh\n[a:vars]\nv=a\n[b:vars]\nansible_group_priority=0\nv=b\n"
        "[z:vars]\nansible_group_priority=-5\nv=z\n",
    ),
    "a graph with several parents": (
        "[leaf]\nl1\nl2\n[leaf:vars]\nd=leaf\n[x:children]\nleaf\n[x:vars]\nd=x\nonly=x\n"
        "[y:children]\nleaf\n[y:vars]\nd=y\nonly=y\n[top:children]\nx\ny\n[top:vars]\nd=top\n"
        "[side]\nl2\n[side:vars]\nd=side\n[other:children]\ntop\nside\n[deep:children]\nother\n",
        "[leaf]\nl2\n[x:children]\nleaf\n[x:vars]\nd=x2\n[y]\nl1\n[top:children]\ny\n",
    ),
    "ungrouped hosts and variables of all": (
        "u2\nu1 v=host\n[all:vars]\nv=all\nw=all\n[ungrouped:vars]\nw=ungrouped\n[g]\ng1\n",
        "u1\n[all:vars]\nw=changed\n[g]\ng1\nu2\n",
    ),
    "localhost": (
        "localhost ansible_connection=local\n127.0.0.1 x=1\n[web]\nweb1\nlocalhost\n",
        "localhost ansible_connection=local\n[web]\nweb1\n",
    ),
    "a host and a group of one name": ("[web]\nweb\nother\n", "[web]\nother\nweb\n"),
    "names that differ in case": (
        "UPPER v=1\nupper v=2\n[Web]\nupper\n[web]\nUPPER\n[WEB:children]\nWeb\n",
        "upper v=2\nUPPER v=3\n[Web]\nUPPER\n[web]\nupper\n",
    ),
    "odd names": (
        "[group-with-dash]\nhost_under\n10.0.0.7\n[eu.west-1]\nhost.with.dots\n"
        "[1digit]\nbüro\n[ünï]\n日本\n",
        "[group-with-dash]\nhost.with.dots\n[eu.west-1]\nhost_under\n",
    ),
    "names of connections in groups and hosts": (
        "a ansible_host=10.0.0.1\nb ansible_user=me\nc\n[g]\na\nb\nc\n"
        "[g:vars]\nansible_ssh_host=10.9.9.9\nansible_ssh_user=group\nansible_port=2200\n",
        "a\nb\n[g]\na\nb\n[g:vars]\nansible_host=10.9.9.9\n",
    ),
    "passwords of groups and hosts": (
        "a ansible_password=own\nb\nc ansible_become_pass=cc\n[g]\na\nb\n"
        "[g:vars]\nansible_ssh_pass=group\nansible_become_password='{{ sudo }}'\nsudo=s3cret\n"
        "ansible_ssh_private_key_file=~/.ssh/team\n",
        "a\nb\n[g]\na\nb\n[g:vars]\nansible_ssh_pass=other\n",
    ),
    "names that sound secret": (
        "s1 token_ttl=3600 password_authentication=no db_password=hunter2 api_key=\"['a', 1]\"\n"
        "[all:vars]\nsecret_key_base=abc\npassword_min_length=12\n",
        "s1 token_ttl=60 db_password=hunter3\n",
    ),
    "variables named like Ansible's": (
        "h environment=prod tags=x name=y serial=2 groups_of=z become=yes port=1 hosts=2\n",
        "h environment=test name=y\n",
    ),
    "many small groups": (
        "".join(f"[g{n}]\nh{n}\nh{n + 1}\n[g{n}:vars]\nv={n}\n" for n in range(40)),
        "".join(f"[g{n}]\nh{n + 1}\n[g{n}:vars]\nv={n + 1}\n" for n in range(40)),
    ),
}
YAML = {
    "odd values": (
        """
all:
  vars: {ntp: pool, ansible_user: deploy}
  hosts:
    Typed-1:
      ansible_host: !unsafe 10.0.0.1
      day: 2024-02-29
      version: 1.10
      text: "1.10"
      infinite: .inf
      none: null
      several: "line one\\n  line two\\n"
      raw: !unsafe "{{ no template }}"
      template: "{{ version }}-{{ inventory_hostname }}"
      emoji: "👩‍👩‍👧"
      limits: {min: 18446744073709551615, max: 36893488147419103232}
      negative: -9223372036854775809
      sexagesimal: 12:30:45
      octal: 0o17
      old_octal: 017
      truths: [yes, on, "yes", True, off]
      block: |
        first

          indented
      folded: >-
        one
        two
      empty: [{}, [], "", null]
      deep: {a: [{b: {c: [1, 2.5, "x"]}}]}
""",
        "all: {hosts: {Typed-1: {ansible_host: 10.0.0.2, version: 1.1, deep: {a: 1}}}}\n",
    ),
    "odd names in YAML": (
        """
all:
  hosts:
    "2001:db8::10": {}
    "::1": {ansible_port: 22}
    UPPER: {}
    upper: {}
    büro: {ansible_host: "[2001:db8::5]"}
    with space: {ansible_connection: winrm}
    "007": {x: 1}
  children:
    UPPER_GROUP: {hosts: {upper: }}
    upper_group: {hosts: {UPPER: }}
    group with space: {hosts: {büro: }, vars: {ansible_group_priority: 20, a: 1}}
    eu.west-1: {hosts: {büro: }, vars: {a: 2}}
    empty:
""",
        "all: {hosts: {upper: {}, UPPER: {x: 1}}, children: {UPPER_GROUP: {hosts: {UPPER: }}}}\n",
    ),
    "deep groups": (
        """
all:
  children:
    deep: {children: {deeper: {hosts: {upper: {own: 1}}, vars: {d: 1, e: 1}}}, vars: {d: 0, f: 0}}
    also: {children: {deeper: }, vars: {d: 5, f: 5}}
    five: {children: {four: {children: {three: {children: {two: {children: {one: {hosts: {h: },
      vars: {n: 1}}}, vars: {n: 2}}}, vars: {n: 3}}}, vars: {n: 4, m: 4}}}, vars: {n: 5, m: 5}}
    one: {vars: {p: 1}}
""",
        "all: {children: {five: {children: {one: {hosts: {h: {}, i: {}}, vars: {n: 7}}}}}}\n",
    ),
    "ranges in YAML": (
        "web: {hosts: {'w[1:3]': {x: 1}, 'n[a:b]x:2200': {}}, vars: {y: 2}}\ndb: {hosts: {d: }}\n",
        "web: {hosts: {'w[2:4]': {x: 2}}}\n",
    ),
    "secrets in structures": (
        "all: {hosts: {s1: {ansible_become_password: '{{ vault_become }}', "
        "nginx: {auth: {token_header: X, password: p}}, api_key: [a, 1], db: {password: 5}, "
        "users: [{name: a, password: x}, {name: b, password: y}], tls: {private_key: k}}}}\n",
        "all: {hosts: {s1: {users: [{name: b, password: y}, {name: c, password: z}]}}}\n",
    ),
    "unsafe forms": (
        "all: {vars: {m: !unsafe '{{ x }}'}, hosts: {h: {ansible_user: !unsafe me, "
        "list: [!unsafe a, b, {c: !unsafe d}], ansible_port: !unsafe '2222'}}}\n",
        "all: {hosts: {h: {list: [a, !unsafe b], ansible_user: me}}}\n",
    ),
    "aliases": (
        "all: {vars: {base: &b {x: 1, y: [1]}, more: {<<: *b, y: 2}, same: *b}, hosts: {h: {}}}\n",
        "all: {vars: {base: &b {x: 2}, same: *b}, hosts: {h: {}}}\n",
    ),
}
TOML = {
    "TOML": (
        '[all.vars]\nn = 1\nf = 1.5\nt = true\n[web]\nchildren = ["inner"]\n'
        'vars = { port = 8080, l = ["a", 1] }\n[web.hosts]\nh1 = {}\nh2 = { ansible_port = 222 }\n'
        "[inner.hosts]\ni1 = {}\n",
        "[web.hosts]\nh2 = { ansible_port = 223 }\nh3 = {}\n",
    ),
}
SCRIPT = """#!/bin/sh
cat <<'END'
{"web": {"hosts": ["B", "a"], "vars": {"x": [1, null, {"y": true}]}, "children": ["inner"]},
 "inner": {"hosts": ["c"], "vars": {"ansible_group_priority": 5, "x": 1}}, "empty": {"hosts": []},
 "flat": ["a", "d"], "all": {"vars": {"everywhere": 1.5}},
 "_meta": {"hostvars": {"a": {"ansible_host": "10.0.0.1"}, "B": {"token": "s3cret"},
 "d": {"u": {"__ansible_unsafe": "{{ u }}"}}}}}
END
"""
SLOW_SCRIPT = """#!/bin/sh
[ "$1" = --host ] && { echo "{\\"mine\\": \\"$2\\"}"; exit; }
echo '{"web": {"hosts": ["one", "two"]}, "db": {"hosts": ["two"], "vars": {"d": 1}}}'
"""
SCRIPTS = {
    "a script": (SCRIPT, SCRIPT.replace('"flat": ["a", "d"]', '"flat": ["d", "a", "e"]')),
    "a script that is asked for each host": (SLOW_SCRIPT, SLOW_SCRIPT.replace("two", "three")),
}


def _as_shapes(
    kind: dict[str, tuple[str, str]], file: str
) -> dict[str, tuple[dict[str, str], ...]]:
    return {name: ({file: text}, {file: later}) for name, (text, later) in kind.items()}


SHAPES = {
    **_as_shapes(INI, "hosts"),
    **_as_shapes(YAML, "hosts.yml"),
    **_as_shapes(TOML, "hosts.toml"),
    **_as_shapes(SCRIPTS, "inventory.sh"),
}
