"""Stored launches: the columns that a template, a schedule or a policy adds to its table."""

from __future__ import annotations

from django.conf import settings
from django.db import models, transaction

from automation import variables
from automation.models import Playbook
from automation.models.options import OPTIONS, RunOptions
from inventory.choosing import CHOSEN_BY
from inventory.models import Credential, Server
from schema.limits import LONGEST_PATTERN

from .launches import Choice, Launch


class LaunchFields(RunOptions):
    """The lasting part of a Launch.

    Who asks, why, and with which key is set at each launch: `replace(row.to_launch(), origin=…)`.
    """

    playbook = models.ForeignKey(Playbook, models.RESTRICT, related_name="+")
    # Either named servers, or a choice that is looked up at each launch.
    servers = models.ManyToManyField(Server, related_name="+", blank=True)
    inventory = models.CharField(max_length=80, blank=True, default="", db_default="")
    groups = models.JSONField(default=list, db_default=[], blank=True)
    limit = models.CharField(max_length=LONGEST_PATTERN, blank=True, default="", db_default="")
    environment = models.CharField(max_length=50, blank=True, default="", db_default="")
    tag = models.CharField(max_length=255, blank=True, default="", db_default="")
    search = models.CharField(max_length=255, blank=True, default="", db_default="")
    # Values of secret variables are encrypted here: see automation/variables.py.
    extra_vars = models.JSONField(default=dict, db_default={}, blank=True)
    credential = models.ForeignKey(
        Credential, models.RESTRICT, null=True, blank=True, related_name="+"
    )

    class Meta:
        abstract = True

    @transaction.atomic
    def keep(self, launch: Launch) -> None:
        """Save the row with this launch, replacing the previous one.

        Values are checked at the launch: a survey may ask for some only then.
        """
        schema = launch.playbook.schema()
        secrets = launch.relaunch_of.secret_names() if launch.relaunch_of else set()
        choice = launch.servers if isinstance(launch.servers, Choice) else Choice()
        columns = {
            "playbook": launch.playbook,
            **{name: getattr(choice, name) for name in CHOSEN_BY},
            "groups": list(choice.groups),
            "extra_vars": variables.sealed(schema, launch.extra_vars, secrets),
            "credential": launch.credential,
            **{name: self._default_of(name) for name in OPTIONS},
            "deadline_seconds": settings.RUN_DEADLINE_SECONDS,
            **launch.given_options(),
        }
        for name, value in columns.items():
            setattr(self, name, value)
        self.save()
        self.servers.set([] if isinstance(launch.servers, Choice) else launch.servers)

    def to_launch(self) -> Launch:
        """The stored launch, with secrets decrypted. Raises Undecryptable."""
        choice = Choice.of({name: getattr(self, name) for name in CHOSEN_BY})
        return Launch(
            playbook=self.playbook,
            servers=choice if choice.given else list(self.servers.order_by("hostname")),
            extra_vars=variables.opened(self.extra_vars),
            credential=self.credential,
            **{name: getattr(self, name) for name in OPTIONS},
        )
