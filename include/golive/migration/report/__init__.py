"""What a migration's figures look like on paper: Markdown and HTML, Korean and English, without anybody's values."""
