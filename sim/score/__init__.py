"""What a reply was like: one scorer per file, each a function of one view."""
