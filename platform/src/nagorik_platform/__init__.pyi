from .configuration import (
    PaymentAddresses as PaymentAddresses,
    PlatformSettings as PlatformSettings,
    PluginConfiguration as PluginConfiguration,
)
from .dispatch.policies import Call as Call
from .dispatch.survey import NoDecision as NoDecision, ServiceEligibility as ServiceEligibility
from .fees.published import (
    GivenRejected as GivenRejected,
    MissingValue as MissingValue,
    PriceAnswer as PriceAnswer,
    PublishedFees as PublishedFees,
)
from .platform import Platform as Platform
from .registry.discovery import Admission as Admission
from .requests import References as References
