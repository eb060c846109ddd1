"""``plugin.toml``: everything a plugin says about itself, read without importing the plugin."""

from nagorik.manifest.fields import (
    Evidence,
    FeeReference,
    Host,
    ObjectReference,
    PluginId,
    ServiceId,
    Slug,
)
from nagorik.manifest.plugin import (
    API_VERSION,
    Circuit,
    Limits,
    Manifest,
    Offer,
    Owner,
    PaymentGateway,
    PublicService,
    Window,
    is_compatible,
)
from nagorik.manifest.reading import (
    MANIFEST_FILE,
    ManifestInvalid,
    ManifestProblem,
    parse_manifest,
    read_document,
    validate_document,
)

__all__ = [
    "API_VERSION",
    "MANIFEST_FILE",
    "Circuit",
    "Evidence",
    "FeeReference",
    "Host",
    "Limits",
    "Manifest",
    "ManifestInvalid",
    "ManifestProblem",
    "ObjectReference",
    "Offer",
    "Owner",
    "PaymentGateway",
    "PluginId",
    "PublicService",
    "ServiceId",
    "Slug",
    "Window",
    "is_compatible",
    "parse_manifest",
    "read_document",
    "validate_document",
]
