"""Each module touches one outside thing and renames its errors."""
