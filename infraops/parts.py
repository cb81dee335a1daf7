"""What infraops itself adds to the console.

Home, the API's documentation, verbs of the command search, and the database check.
"""

from functools import partial

from console.collected import HealthCheck, MenuEntry, Verb

from .health import examine_database
from .search import THEMES, find_forms, find_theme

MENU = [
    MenuEntry(words="Home", icon="home", url_name="home", keys="g h", order=110),
    MenuEntry(words="API", icon="api", url_name="api:docs", group="Administration", order=440),
]

VERBS = [
    Verb(names=("add", "new", "create"), icon="add", find=find_forms, order=20),
    *(
        Verb(names=(name,), icon="contrast", find=partial(find_theme, name), order=30)
        for name in THEMES
    ),
]

HEALTH = [HealthCheck(name="database", examine=examine_database, is_basis=True, order=0)]

PARTS = [*MENU, *VERBS, *HEALTH]
