"""casbd: watch your cloud apps, on your own machine.

The way of the data is on one page in `casbd/pipeline/__init__.py`; what an activity is, in `casbd/model/activity.py`.
"""

__version__ = "0.1.0"
