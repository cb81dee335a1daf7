"""A client's User-Agent in plain words: "Firefox 128 on Linux", "curl 8.5.0"."""

import re

# The first match wins: Edge and Opera also claim to be Chrome, and all of them Safari.
BROWSERS = {
    "Edge": re.compile(r"Edg(?:A|iOS)?/(\d+)"),
    "Opera": re.compile(r"OPR/(\d+)"),
    "Firefox": re.compile(r"(?:Firefox|FxiOS)/(\d+)"),
    "headless Chrome": re.compile(r"HeadlessChrome/(\d+)"),
    "Chrome": re.compile(r"(?:Chrome|CriOS)/(\d+)"),
    "Safari": re.compile(r"Version/(\d++)[\d.]*+ (?:Mobile/\S++ )?Safari/"),
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Macintosh": "macOS",
    "Linux": "Linux",
}
PROGRAM = re.compile(r"([A-Za-z][A-Za-z0-9_.+-]{0,40})/v?(\d[\w.]{0,20})")
NAMES = {
    "python-requests": "Python requests",
    "Python-urllib": "Python",
    "aiohttp": "Python aiohttp",
}


def client_in_words(user_agent: str) -> str:
    """The client in words; the text itself if its form is unknown, "" if there is none."""
    for name, pattern in BROWSERS.items():
        if found := pattern.search(user_agent):
            return f"{name} {found[1]}{_system(user_agent)}"
    if (found := PROGRAM.match(user_agent)) and found[1] != "Mozilla":
        return f"{NAMES.get(found[1], found[1])} {found[2]}"
    return user_agent


def _system(user_agent: str) -> str:
    known = (words for sign, words in SYSTEMS.items() if sign in user_agent)
    return next((f" on {words}" for words in known), "")
