"""Finding files, following them and cutting them into records."""
