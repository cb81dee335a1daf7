"""Which names and values are secret. Decided here, and nowhere else.

A name is read word by word: `dbPassword`, `db-password` and `DB_PASSWORD2` are the same, and so are
letters with and without accents. It is secret if one of its words says so (password, token), unless
its last word makes it a setting or a reference: `password_min_length`, `token_url`,
`private_key_path`. True, false and empty values never are secret.
"""

import functools
import json
import re
import unicodedata
from typing import Any

from .limits import DEEPEST, is_deeper

# Raise it whenever more names become secret: rows that an older list has sealed are then found.
LIST_VERSION = 2

# Secret wherever they stand in a name, even as part of a word: mysqlpassword, passwordhash.
STEMS = (
    *("password", "passwd", "passphrase", "credential", "passwort", "kennwort", "contrasen"),
    *("motdepasse", "wachtwoord", "losenord", "adgangskode", "salasana", "parool", "парол"),
    *("パスワード", "密码", "密碼", "비밀번호"),
)
# Secret at the end of a word: authtoken, clientsecrets. Not "secretary", not "tokenizer".
ENDINGS = ("secret", "token", "apikey", "secretkey", "privatekey", "accesskey")
# Secret as the last word.
LAST = {
    *("pass", "passcode", "pwd", "pw", "pin", "psk", "jwt", "bearer", "dsn", "creds", "pem"),
    *("kubeconfig", "keytab", "mnemonic", "rocommunity", "rwcommunity", "webhook", "webhooks"),
    *("connstr", "connstring", "connectionstring", "basicauth", "masterauth", "tlspskvalue"),
    *("authkey", "sshkey", "tlskey", "sslkey", "signingkey", "encryptionkey", "licensekey"),
    *("masterkey", "presharedkey"),
    # Passwords in other languages.
    *("senha", "haslo", "hasło", "heslo", "parola", "sifre", "lozinka", "mdp", "jelszo", "geheim"),
}
# Secret as the last two words: {last: those before it}.
PAIRS = {
    "url": {"database", "db", "jdbc", "connection", "webhook"},
    "uri": {"database", "db", "jdbc", "connection", "webhook"},
    "string": {"connection", "conn", "community"},
    "str": {"connection", "conn"},
    "phrase": {"pass", "seed", "recovery"},
    "community": {"snmp", "ro", "rw", "read", "write", "trap"},
    "auth": {"basic", "registry", "redis", "docker", "npm", "http", "proxy", "git", "sentinel"},
    "cookie": {"erlang", "rabbitmq", "auth", "session"},
    "seed": {"otp", "totp", "mfa", "wallet"},
    "code": {"access", "activation", "pairing", "recovery", "unlock", "verification"},
    "codes": {"backup", "recovery"},
    "id": {"secret"},
    "salt": {"auth", "hash", "hashids", "nonce", "key", "login", "session", "app", "wp", "cookie"},
    "base": {"key"},
}
# What the last word before "key" makes of it; any other key is secret.
OPEN_KEYS = {
    *("primary", "foreign", "partition", "sort", "index", "cache", "group", "lookup", "routing"),
    *("binding", "object", "map", "dict", "row", "item", "shard", "range", "hash", "label", "tag"),
    *("annotation", "metadata", "attribute", "property", "field", "column", "env", "variable"),
    *("var", "json", "yaml", "header", "registry", "reg", "apt", "yum", "rpm", "dnf", "zypper"),
    *("gpg", "pgp", "repo", "repository", "host", "topology", "message", "translation"),
    *("idempotency", "dedup", "sysctl", "param", "parameter", "option", "setting", "section"),
    *("ini", "result", "response", "order", "unique", "parent", "child", "leader", "event", "log"),
    *("search", "filter", "match", "join", "merge", "bucket", "display", "zone", "record", "list"),
    *("loop", "fact", "state", "status", "selector", "path", "name", "file", "exclusive", "open"),
}
# "keys" are a structure of public ones as often as not: only these are secret.
SECRET_KEYS = {
    *("private", "secret", "access", "api", "encryption", "signing", "ssl", "tls", "unseal"),
    *("recovery", "license", "licence", "fernet", "account", "master", "hmac", "auth", "storage"),
}
PUBLIC = {"public", "pub", "pubkey", "authorized", "trusted", "known"}
# A pass, or a pin, of another kind: proxy_pass, gpio_pin.
OTHER_PASS = {"proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "by", "low", "high", "band"}
OTHER_PIN = {"gpio", "apt", "version", "package", "pkg", "led", "data", "clock", "reset", "cpu"}
NO_PASSWORD = {"bypass", "compass", "trespass", "encompass", "underpass", "overpass", "surpass"}
# At the beginning, they make a name a switch or a reference: use_password, existing_secret.
SWITCHES = {"ask", "use", "has", "is", "allow", "permit", "no", "existing"}
# At the end, they make it a setting of a secret, or say where one is.
SETTINGS = {
    *("ttl", "lifetime", "expiry", "expires", "expire", "expiration", "expired", "timeout", "age"),
    *("day", "days", "hour", "hours", "minute", "minutes", "second", "seconds", "months", "weeks"),
    *("interval", "period", "rotation", "retention", "renewal", "length", "len", "min", "max"),
    *(
        "minimum",
        "maximum",
        "size",
        "count",
        "limit",
        "limits",
        "num",
        "number",
        "total",
        "retries",
    ),
    *("attempts", "tries", "history", "threshold", "window", "rate", "budget", "quota", "bits"),
    *("bytes", "rounds", "iterations", "cost", "complexity", "strength", "quality", "policy"),
    *("policies", "rule", "rules", "requirements", "required", "optional", "enabled", "enable"),
    *("disabled", "disable", "allowed", "needed", "mandatory", "auth", "authentication"),
    *("authorization", "login", "logins", "prompt", "prompts", "hint", "label", "labels", "title"),
    *("description", "comment", "note", "message", "help", "placeholder", "name", "names", "user"),
    *("username", "usernames", "users", "uid", "owner", "group", "groups", "mode", "permissions"),
    *("acl", "role", "roles", "path", "paths", "file", "files", "filename", "dir", "dirs", "hosts"),
    *("directory", "directories", "folder", "location", "dest", "src", "url", "urls", "uri"),
    *("uris", "endpoint", "endpoints", "host", "hostname", "port", "address", "addr", "ip"),
    *("server", "servers", "service", "services", "ref", "refs", "reference", "id", "ids"),
    *("identity", "identifier", "identifiers", "type", "types", "kind", "algorithm", "algorithms"),
    *("algo", "alg", "method", "methods", "scheme", "format", "encoding", "cipher", "ciphers"),
    *("curve", "issuer", "audience", "scope", "scopes", "claim", "claims", "subject", "provider"),
    *("providers", "backend", "backends", "engine", "driver", "store", "manager", "source"),
    *("version", "versions", "header", "headers", "field", "fields", "param", "parameter"),
    *("attribute", "column", "table", "usage", "state", "status", "namespace", "template"),
    *("templates", "check", "checks", "checker", "validation", "verification", "generator"),
    *("generation", "cache", "plugin", "plugins", "module", "package", "packages", "script"),
    *("command", "cmd", "program", "helper", "callback", "handler", "class", "changed", "updated"),
    *("created", "reset", "change", "lock", "locked", "unlock", "protection", "protected"),
    *("support", "encryption", "hashing", "exists", "present", "aging", "warn", "inactive"),
    *("dictionary", "charset", "chars", "characters", "symbols", "alphabet", "case", "digits"),
    *("env", "var", "variable", "regex", "pattern", "prefix", "mount", "volume", "selector"),
    *("annotations", "less", "start", "through", "delay", "sync"),
}
# Exceptions that no rule above explains.
OPEN_NAMES = {
    "update_password",  # of Ansible's modules for users: always, or on_create
    "image_pull_secret",  # names of Kubernetes' secrets
    "image_pull_secrets",
}
SECRET_NAMES = {"authorization", "proxy_authorization", "tlspsk", "require_pass"}
# Their value may be a path. Passwords may begin like one.
PASSWORDS = ("password", "passwd", "passphrase", "passcode", "pass", "pw", "pin", "psk")
# URLs are secret if they hold a password, under any of these last words.
LINKS = {
    *("url", "urls", "uri", "proxy", "endpoint", "broker", "backend", "remote", "repo", "source"),
    *("repository", "origin", "server", "connection", "link", "mirror", "address", "registry"),
    *("index", "src", "feed"),
}
ROOTS = (
    "/etc/",
    "/opt/",
    "/var/",
    "/usr/",
    "/srv/",
    "/home/",
    "/root/",
    "/run/",
    "/mnt/",
    "/data/",
)
FILE = re.compile(r"[\w@%~{}. /-]+")
ENDING_OF_FILE = ("pem", "key", "crt", "cer", "p12", "pfx", "jks", "json", "yml", "yaml", "conf")
PUBLIC_KEY = ("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-", "-----BEGIN PUBLIC", "-----BEGIN CERT")
BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
REFERENCE = re.compile(r"\{\{[^{}]*\}\}")


def is_secret(name: str, value: Any) -> bool:
    """True if a value with this name must not be shown or stored in clear.

    A list or an object is as secret as its name; what stands in it has names of its own.
    """
    if not _could_be(value):
        return False
    if isinstance(value, str) and (
        _is_private_key(value) or _has_password(name, value) or _is_json_with_secret(value)
    ):
        return True
    return is_secret_name(name) and not _is_open(name, value)


@functools.lru_cache(maxsize=10_000)  # an inventory repeats the same few names for each server
def is_secret_name(name: str) -> bool:
    """True if the name says that its value is secret: db_password, tlsKey, rootpw."""
    words = words_of(name)
    plain = "_".join(words)
    if not words or plain in OPEN_NAMES:
        return False
    if plain in SECRET_NAMES:
        return True
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if before in PAIRS.get(last, ()):
        return True
    if last in SETTINGS or words[0] in SWITCHES:
        return False
    if last in ("key", "keys"):
        return _is_secret_key(last, words[:-1])
    is_french = "motdepasse" in "".join(words)  # mot_de_passe
    return is_french or any(map(_is_secret_word, words)) or _is_last(last, before)


@functools.lru_cache(maxsize=10_000)
def words_of(name: str) -> tuple[str, ...]:
    """("db", "password") for dbPassword2, db-password and DB_PASSWORD."""
    found = re.split(r"[\W_]+", BOUNDARY.sub("_", _plain(name)).lower())
    return tuple(word for each in found if (word := each.rstrip("0123456789")))


def _plain(text: str) -> str:
    """Without accents, and full-width letters as usual ones: contrasena for contraseña."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(each for each in parts if not unicodedata.combining(each))


def _is_secret_word(word: str) -> bool:
    for stem in PLAIN_STEMS:
        _before, found, after = word.partition(stem)
        if found and after.removeprefix("s") not in SETTINGS:
            return True
    return word.removesuffix("s").endswith(ENDINGS)


def _is_last(last: str, before: str) -> bool:
    if last == "pass":
        return before not in OTHER_PASS
    if last == "pin":
        return before not in OTHER_PIN
    if last in LAST:
        return True
    is_password = last.endswith("pass") and last not in NO_PASSWORD
    return is_password or (last.endswith("pw") and len(last) > 3)


def _is_secret_key(last: str, words: tuple[str, ...]) -> bool:
    if not words or not PUBLIC.isdisjoint(words):
        return False
    if last == "keys":
        return words[-1] in SECRET_KEYS or any(map(_is_secret_word, words))
    return words[-1] not in OPEN_KEYS


def _could_be(value: Any) -> bool:
    """False for true, false, null, "", and what holds nothing else."""
    if isinstance(value, dict):
        return any(map(_could_be, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_could_be, value))
    return not (value is None or value == "" or isinstance(value, bool))


def _is_open(name: str, value: Any) -> bool:
    """True if the value is the path of a file, a public key, or the number of a credential."""
    last = words_of(name)[-1]
    if isinstance(value, list | tuple):
        return all(not _could_be(each) or _is_open(name, each) for each in value)
    if isinstance(value, int | float):
        return last == "credential"
    if not isinstance(value, str):
        return False
    if last in ("webhook", "webhooks"):
        return "://" not in value
    if value.startswith(PUBLIC_KEY):
        return "PRIVATE KEY" not in value
    return not last.endswith(PASSWORDS) and _is_path(value)


def _is_path(value: str) -> bool:
    if not FILE.fullmatch(value):
        return False
    is_file = value.rpartition(".")[2] in ENDING_OF_FILE
    return is_file or value.startswith((*ROOTS, "~/", "./", "../"))


def _is_private_key(value: str) -> bool:
    return value.lstrip()[:5] == "-----" and "PRIVATE KEY-----" in value[:100]


def _is_json_with_secret(value: str) -> bool:
    """True for JSON that names a secret: {"db_password": "hunter2"}."""
    if value.lstrip()[:1] not in ("{", "[") or '"' not in value:
        return False
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return not is_deeper(inner, DEEPEST) and _names_secret(inner)


def _names_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(is_secret(name, item) or _names_secret(item) for name, item in value.items())
    return isinstance(value, list) and any(map(_names_secret, value))


def _has_password(name: str, value: str) -> bool:
    """True for a link like https://user:password@host, unless the password is a template."""
    _scheme, found, rest = value.partition("://")
    if not found or "@" not in rest:
        return False
    account, at, _host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")
    password = account.partition(":")[2]
    words = words_of(name)
    is_link = bool(words) and (words[-1] in LINKS or words[-1] == "dsn")
    return is_link and bool(at and password) and REFERENCE.fullmatch(password) is None


PLAIN_STEMS = tuple(map(_plain, STEMS))
