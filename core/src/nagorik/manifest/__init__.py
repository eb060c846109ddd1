"""``plugin.toml``: everything a plugin says about itself, read without importing the plugin."""

from nagorik.manifest.fields import Evidence, FeeReference, HostName, ObjectReference, PluginId, ServiceId, Slug
from nagorik.manifest.plugin import (
    API_VERSION,
    AnyOffer,
    Circuit,
    DocumentKind,
    Limits,
    Manifest,
    Offer,
    Owner,
    PaymentGateway,
    PublicService,
    Window,
)
from nagorik.manifest.reading import MANIFEST_FILE, parse_manifest, validate_manifest

__all__ = [
    "API_VERSION",
    "MANIFEST_FILE",
    "AnyOffer",
    "Circuit",
    "DocumentKind",
    "Evidence",
    "FeeReference",
    "HostName",
    "Limits",
    "Manifest",
    "ObjectReference",
    "Offer",
    "Owner",
    "PaymentGateway",
    "PluginId",
    "PublicService",
    "ServiceId",
    "Slug",
    "Window",
    "parse_manifest",
    "validate_manifest",
]
