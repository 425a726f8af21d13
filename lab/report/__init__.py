"""Floor 5, findings to text and bytes. Pure: a report is a value, whoever asked for it writes it down."""
