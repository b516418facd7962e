"""Who is who: the INS, the traits that tell people apart, and how alike two records are."""
