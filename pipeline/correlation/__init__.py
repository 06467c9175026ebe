"""Join what servers spread over lines, before anything is judged by it."""

from mailwarden.pipeline.correlation.correlator import Correlator

__all__ = ["Correlator"]
