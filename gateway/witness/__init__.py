"""Files that prove what a comparison of two format versions claims."""

from gateway.witness.building import build
from gateway.witness.checking import Checked, WitnessFile
from gateway.witness.holding import held
from gateway.witness.proving import Difference, Proof, Proved, confirmed, prove, prove_all, with_doubts

__all__ = [
    "Checked",
    "Difference",
    "Proof",
    "Proved",
    "WitnessFile",
    "build",
    "confirmed",
    "held",
    "prove",
    "prove_all",
    "with_doubts",
]
