"""Real round trips: what discovery costs where links have a delay, and what is exact then and a race without."""
