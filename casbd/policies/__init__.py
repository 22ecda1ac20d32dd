"""Rule files: loading with all mistakes, filters, matching, repeated activity."""

from casbd.policies.compile import compile_filter
from casbd.policies.condition_text import parse_condition
from casbd.policies.load import load, load_file, load_sigma, rule_files
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy, Repeated

__all__ = ["Matcher", "Policy", "Repeated", "compile_filter", "load", "load_file", "load_sigma", "parse_condition", "rule_files"]
