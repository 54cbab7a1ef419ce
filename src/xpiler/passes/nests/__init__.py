"""Loop nests: how one is built from what it computes, taken apart, and put together as fewer loops."""
