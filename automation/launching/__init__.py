"""From what a person, a key or a schedule asks for to a run that waits."""

from .digests import PlanChanged
from .intentions import Intention
from .launches import Choice, Launch, Origin
from .relaunching import Only, launch_from
from .verbs import Launched, launch, rehearse

__all__ = [
    "Choice",
    "Intention",
    "Launch",
    "Launched",
    "Only",
    "Origin",
    "PlanChanged",
    "launch",
    "launch_from",
    "rehearse",
]
