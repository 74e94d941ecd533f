//! Reference lists and data tables that rules ask by name (`%name`, `%table.column`).
