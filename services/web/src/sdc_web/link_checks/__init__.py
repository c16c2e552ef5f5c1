"""Link checks: where the links of published texts lead, looked at each week, and which of them are dead."""
