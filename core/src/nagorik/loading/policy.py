"""Which installed plugins a host lets in."""

from dataclasses import dataclass

from packaging.utils import canonicalize_name

from nagorik.loading.records import Quarantine, QuarantineCode, Source


@dataclass(frozen=True, slots=True)
class Policy:
    """A host's choice among what is installed. The default lets everything in.

    A policy is applied before anything of a plugin is read, so that a broken plugin, or one of two distributions
    that claim the same plugin id, can be denied.

    Attributes:
        allow: Plugin ids that may be used; ``None`` allows all. An empty set allows none.
        deny: Plugin ids or distribution names that may not be used. Denial wins over permission.
    """

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()

    def refusal(self, source: Source) -> Quarantine | None:
        """Why this plugin may not be used, or ``None`` when it may."""
        denied_names = {canonicalize_name(name) for name in self.deny}
        if source.plugin_id in self.deny or canonicalize_name(source.distribution) in denied_names:
            return source.refuse(
                QuarantineCode.DENIED,
                f"is kept out by the host: its plugin id {source.plugin_id} or its distribution is denied",
                "Take it off the host's deny list to use it.",
            )
        if self.allow is not None and source.plugin_id not in self.allow:
            return source.refuse(
                QuarantineCode.NOT_ALLOWED,
                f"is kept out by the host: plugin id {source.plugin_id} is not on the host's allow list",
                "Add the plugin id to the host's allow list to use it.",
            )
        return None


EVERYTHING = Policy()
"""Lets every installed plugin in."""
