"""Any JSON at all, with the keys and texts of one format in it."""

from hypothesis import strategies as st


def any_json(keys, texts):
    """Values of any type, nested; keys and texts are what a format looks for."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(texts),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner),
        max_leaves=10,
    )
