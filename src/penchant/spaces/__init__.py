"""The preference spaces shipped with penchant, as data; see `penchant.space.load_space`."""
