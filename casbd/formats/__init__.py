"""Export formats, one file each: claims(sample), parse(record) -> activities."""
