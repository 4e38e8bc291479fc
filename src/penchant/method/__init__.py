"""Methods: what of a person a model is shown. Registered in METHODS; see docs/adding/method.md."""

from penchant.method.base import Method
from penchant.method.few_shot import FewShot
from penchant.method.ica import ICA
from penchant.method.pba import PBA
from penchant.method.universal import Universal

BRIDGED: dict[str, Method] = {
    "pba_summary": PBA("pba_summary", "summary"),
    "pba_both": PBA("pba_both", "both"),
}
"""PBA over other bridges."""
METHODS: dict[str, Method] = {"few_shot": FewShot(), "ica": ICA(), "pba": PBA(), **BRIDGED, "universal": Universal()}
"""Every alignment method by the name that recipes, tables and the command line use."""

__all__ = ["ICA", "METHODS", "PBA", "FewShot", "Method", "Universal"]
