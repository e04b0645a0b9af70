"""`gateway doctor` on sites that are well and on sites that are not."""
