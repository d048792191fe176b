"""Where is it traded? Exchange adapters: they ask, wait, retry and record; what it means is read elsewhere."""
