"""The plugins of this process: found by entry points, loaded from the allow-list."""

import inspect
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from types import MappingProxyType
from typing import Any, Final

import pluggy
from django.core.exceptions import ImproperlyConfigured

from coordination.channels import hookspecs
from coordination.channels.channel import API_VERSION, Channel, ChannelInfo
from coordination.channels.hookspecs import ENTRY_POINT_GROUP, PROJECT
from coordination.channels.messages import Message
from coordination.channels.receipts import Receipt, ReceiptLevel

logger = logging.getLogger(__name__)

SLUG: Final = re.compile(r"[a-z][a-z0-9_]{1,47}")
WORDS: Final = {
    ReceiptLevel.ACCEPTED: "Their system took it.",
    ReceiptLevel.DELIVERED: "It reached the person or the queue.",
    ReceiptLevel.ACKNOWLEDGED: "A named person confirmed it.",
    ReceiptLevel.REJECTED: "They will not take it.",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong with a plugin; `id` is that of the system check that reports it (docs/channels.md)."""

    id: str
    message: str
    hint: str


class UnknownChannel(LookupError):
    """No plugin that is loaded has a channel of this slug."""


@dataclass
class Registry:
    """What was loaded. Built whole, problems included, so that a check can name them all at once."""

    manager: pluggy.PluginManager
    channels: dict[str, type[Channel]] = field(default_factory=dict)
    plugins: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def load(cls, allowed: Iterable[str]) -> "Registry":
        """Import the allow-listed entry points and nothing else."""
        registry = cls(_manager())
        # Looked for once: each look reads the metadata of every distribution that is installed.
        installed = entry_points(group=ENTRY_POINT_GROUP)
        for name in dict.fromkeys(allowed):
            module = registry._import(name, installed)
            if module is not None and registry._hook_up(name, module):
                registry._take_channels(name)
        return registry

    def call_each(self, hook: str, **arguments: Any) -> Iterable[tuple[str, Any]]:
        """Call a hook plugin by plugin and yield each plugin's name with its result, or what it raised."""
        for name, plugin in self.manager.list_name_plugin():
            if plugin is None or not hasattr(plugin, hook):
                continue
            others = [each for each in self.manager.get_plugins() if each is not plugin]
            caller = self.manager.subset_hook_caller(hook, remove_plugins=others)
            try:
                yield name, caller(**arguments)
            except Exception as error:  # noqa: BLE001 - yielded: each caller says what a raising plugin means
                yield name, error

    def _import(self, name: str, installed: EntryPoints) -> Any:
        found = tuple(installed.select(name=name))
        if len(found) != 1:
            what = "not installed" if not found else f"claimed by {len(found)} distributions"
            self._problem(
                "E001", f"The plugin {name} is allowed but {what}.", "Install it, or take it off the list."
            )
            return None
        try:
            return found[0].load()
        except Exception as error:  # noqa: BLE001 - recorded as a problem that stops the start
            kind = type(error).__name__
            self._problem(
                "E002", f"The plugin {name} cannot be imported: {kind}: {error}", "Mend or remove it."
            )
            return None

    def _hook_up(self, name: str, module: Any) -> bool:
        try:
            self.manager.register(module, name)
            self.manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            self._problem(
                "E003", f"The plugin {name} has a hook that the kit does not know: {error}", "See docs."
            )
            return False
        return True

    def _take_channels(self, name: str) -> None:
        for plugin, result in self.call_each("register_channels"):
            if plugin != name:
                continue
            if isinstance(result, Exception):
                self._problem(
                    "E002", f"register_channels of {name} raised {type(result).__name__}.", "Mend it."
                )
                continue
            for kind in (each for answer in result for each in answer):
                self._take(name, kind)

    def _take(self, name: str, kind: Any) -> None:
        info = getattr(kind, "info", None)
        if not isinstance(info, ChannelInfo) or not _is_whole(kind):
            hint = "Give it info and config_form, and implement render and deliver."
            self._problem("E006", f"{name} registers {kind!r}, which is not a whole Channel.", hint)
        elif not SLUG.fullmatch(info.slug):
            self._problem(
                "E006", f"The slug {info.slug!r} of {name} is not one.", "Use small letters, digits and _."
            )
        elif info.api_version.partition(".")[0] != API_VERSION.partition(".")[0]:
            hint = f"This kit speaks {API_VERSION}."
            self._problem("E005", f"{name} is written for version {info.api_version} of the kit.", hint)
        elif info.slug in self.channels:
            owner = self.plugins[info.slug]
            self._problem(
                "E004", f"{name} and {owner} both register the channel {info.slug}.", "Allow one of them."
            )
        else:
            self.channels[info.slug] = kind
            self.plugins[info.slug] = name

    def _problem(self, number: str, message: str, hint: str) -> None:
        self.problems.append(Problem(id=f"coordination.channels.{number}", message=message, hint=hint))


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _is_whole(kind: Any) -> bool:
    return (
        inspect.isclass(kind)
        and issubclass(kind, Channel)
        and not inspect.isabstract(kind)
        and hasattr(kind, "config_form")
    )


@cache
def survey() -> Registry:
    """Return the registry of this process, with its problems."""
    from django.conf import settings

    return Registry.load(settings.PLUGINS_ALLOWED)


def registry() -> Registry:
    """Return the registry of this process. Raises ImproperlyConfigured while there is any problem."""
    found = survey()
    if found.problems:
        raise ImproperlyConfigured("; ".join(f"{each.id}: {each.message}" for each in found.problems))
    return found


def channels() -> Mapping[str, type[Channel]]:
    """Return the channel classes by slug."""
    return MappingProxyType(registry().channels)


def channel(slug: str) -> type[Channel]:
    """Return the channel class. Raises UnknownChannel."""
    try:
        return registry().channels[slug]
    except KeyError as error:
        raise UnknownChannel(slug) from error


def plugin_of(slug: str) -> str:
    """Return the name of the entry point that the channel came from. Raises UnknownChannel."""
    try:
        return registry().plugins[slug]
    except KeyError as error:
        raise UnknownChannel(slug) from error


def load_one(plugin: str, slug: str) -> type[Channel]:
    """Return one channel class and import no other plugin: for a plugin host. Raises UnknownChannel."""
    found = Registry.load([plugin])
    if slug not in found.channels:
        raise UnknownChannel("; ".join(each.message for each in found.problems) or slug)
    return found.channels[slug]


def objections(message: Message, slug: str, destination: str) -> list[str]:
    """Return why the message must not leave this way; empty if nobody objects.

    A plugin that raises objects.
    """
    found: list[str] = []
    arguments = {"message": message, "channel_slug": slug, "destination": destination}
    for name, result in registry().call_each("object_to_delivery", **arguments):
        if isinstance(result, Exception):
            logger.error("object_to_delivery of %s raised %s", name, type(result).__name__)
            found.append(f"The plugin {name} failed when asked whether this may leave.")
        else:
            found.extend(str(each) for each in result)
    return found


def announce_receipt(message_id: str, receipt: Receipt) -> None:
    """Tell every plugin that a receipt was recorded.

    A plugin that raises is logged; nothing is raised here.
    """
    for name, result in registry().call_each("receipt_recorded", message_id=message_id, receipt=receipt):
        if isinstance(result, Exception):
            logger.error("receipt_recorded of %s raised %s", name, type(result).__name__)


def describe(slug: str, receipt: Receipt) -> str:
    """Return what the receipt means, in a plugin's words or the kit's own.

    A plugin that raises is passed over.
    """
    for name, result in registry().call_each("describe_receipt", channel_slug=slug, receipt=receipt):
        if isinstance(result, Exception):
            logger.error("describe_receipt of %s raised %s", name, type(result).__name__)
        elif result is not None:
            return str(result)
    return WORDS[receipt.level]
