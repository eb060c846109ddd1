"""A plugin of plain functions, in a package of several modules: an index that gathers the hooks."""

from plugin_styles.divided.asking import nagorik_find_submission, nagorik_get_status
from plugin_styles.divided.filing import nagorik_submit
from plugin_styles.divided.judging import nagorik_check_eligibility

__all__ = ["nagorik_check_eligibility", "nagorik_find_submission", "nagorik_get_status", "nagorik_submit"]
