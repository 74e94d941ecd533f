//! One SELECT, as the steps that it is.

use std::collections::BTreeSet;

use sentra_kql::{
    Direction, Expr, ExprKind, Kind, KqlError, Literal, Named, Operator, Pipeline, Reason, SortKey,
    SourceKind,
};
use sqlparser::ast::{
    self as sql, Distinct, Ident, OrderByExpr, OrderByOptions, Select, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind, TopQuantity, Value, WildcardAdditionalOptions,
};

use super::from::Joined;
use super::group::{Grouping, is_aggregated};
use super::scope::{Aliases, named};
use super::{Lowering, is_called, source};
use crate::expression::{bare_name, refused};

/// What SELECT gives in one column.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) value: Expr,
    /// What it was called by AS.
    alias: Option<Ident>,
}

/// By what rows are sorted.
struct Order {
    /// The column of the result, if it is one.
    item: Option<usize>,
    value: Expr,
    kind: Option<Kind>,
    direction: Direction,
    nulls_first: Option<bool>,
}

impl Lowering<'_> {
    /// A SELECT, sorted.
    pub(super) fn select(&mut self, select: &Select, keys: &[OrderByExpr]) -> Result<Pipeline, KqlError> {
        self.here = self.text.span(select.select_token.0.span).unwrap_or(self.here);
        let is_distinct = self.check_clauses(select)?;
        let joins = self.from(&select.from)?;
        let pipeline = self.block(select, keys, joins, is_distinct);
        self.scopes.pop();
        pipeline
    }

    /// Every clause that there may be: what is not translated is refused. Gives whether rows are given once.
    fn check_clauses(&self, select: &Select) -> Result<bool, KqlError> {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top: _,
            top_before_distinct: _,
            projection: _,
            exclude,
            into,
            from: _,
            lateral_views,
            prewhere,
            selection: _,
            connect_by,
            group_by: _,
            cluster_by,
            distribute_by,
            sort_by,
            having: _,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        let refusals = [
            (!optimizer_hints.is_empty(), "a hint", "the SELECT alone"),
            (select_modifiers.is_some(), "a modifier of SELECT", "SELECT, SELECT DISTINCT"),
            (exclude.is_some(), "EXCLUDE", "the columns that are wanted"),
            (into.is_some(), "SELECT INTO", "a SELECT: SQL here only reads"),
            (!lateral_views.is_empty(), "LATERAL VIEW", "mv-expand in KQL"),
            (prewhere.is_some(), "PREWHERE", "WHERE"),
            (!connect_by.is_empty(), "CONNECT BY", "joins"),
            (!cluster_by.is_empty(), "CLUSTER BY", "ORDER BY"),
            (!distribute_by.is_empty(), "DISTRIBUTE BY", "ORDER BY"),
            (!sort_by.is_empty(), "SORT BY", "ORDER BY"),
            (!named_window.is_empty(), "WINDOW", "GROUP BY, or sequence by in KQL"),
            (qualify.is_some(), "QUALIFY", "HAVING, or a subquery with WHERE"),
            (value_table_mode.is_some(), "SELECT AS", "SELECT"),
            (*flavor != SelectFlavor::Standard, "FROM before SELECT", "SELECT * FROM …"),
        ];
        if let Some((_, what, instead)) = refusals.into_iter().find(|(is_there, ..)| *is_there) {
            return Err(refused(self.here, what, instead));
        }
        match distinct {
            None | Some(Distinct::All) => Ok(false),
            Some(Distinct::Distinct) => Ok(true),
            Some(Distinct::On(_)) => {
                Err(refused(self.here, "DISTINCT ON", "GROUP BY with min(…) or max(…), or arg_max in KQL"))
            }
        }
    }

    /// What stands in a clause.
    fn enter(&mut self, place: &'static str, allows_aggregates: bool, aliases: Option<Aliases>) {
        if let Some(scope) = self.scopes.last_mut() {
            (scope.place, scope.allows_aggregates, scope.alias_use) = (place, allows_aggregates, aliases);
        }
    }

    fn block(
        &mut self,
        select: &Select,
        keys: &[OrderByExpr],
        joins: Vec<Joined>,
        is_distinct: bool,
    ) -> Result<Pipeline, KqlError> {
        self.enter("SELECT", true, None);
        let mut items = self.items(&select.projection)?;
        if let Some(scope) = self.scopes.last_mut() {
            let aliased = items.iter().filter_map(|item| Some((item.alias.clone()?, item.value.clone())));
            scope.aliases = aliased.collect();
        }
        self.enter("WHERE", false, Some(Aliases::Refused));
        let condition =
            select.selection.as_ref().map(|written| self.condition(written, false)).transpose()?;
        self.enter("GROUP BY", false, Some(Aliases::Seen));
        let group = self.group_keys(&select.group_by, &items)?;
        self.enter("HAVING", true, Some(Aliases::Seen));
        let mut having = select.having.as_ref().map(|written| self.condition(written, false)).transpose()?;
        self.enter("ORDER BY", true, Some(Aliases::Seen));
        let mut order = self.order(keys, &items)?;
        let rows = self.joined_rows(joins);
        let is_grouped = group.is_some() || having.is_some() || self.has_aggregates();
        let Some(mut pipeline) = rows else {
            if condition.is_some() || is_grouped || is_distinct {
                return Err(KqlError::new(Reason::Syntax, self.here, "there is no FROM").hint("FROM events"));
            }
            let values = items.into_iter().map(|item| Named::called(item.name, item.value)).collect();
            return Ok(source(SourceKind::Print(values), self.here));
        };
        if let Some(condition) = condition {
            pipeline = pipeline.then(Operator::Where(condition));
        }
        let mut columns: Vec<String> = self.names_of_rows();
        if is_grouped {
            let grouping = self.grouping(group.unwrap_or_default(), &items);
            let rest = order.iter_mut().map(|order| &mut order.value).chain(&mut having);
            for value in items.iter_mut().map(|item| &mut item.value).chain(rest) {
                grouping.substitute(value)?;
            }
            columns = grouping.names();
            pipeline = pipeline.then(grouping.step());
            if let Some(having) = having {
                pipeline = pipeline.then(Operator::Where(having));
            }
        }
        let pipeline = self.given(pipeline, items, &columns, order, is_distinct)?;
        Ok(match self.top(select)? {
            Some(rows) => pipeline.then(Operator::Take(rows)),
            None => pipeline,
        })
    }

    fn has_aggregates(&self) -> bool {
        self.scopes.last().is_some_and(|scope| !scope.aggregates.is_empty())
    }

    /// The columns that rows have before they are projected; none where they are renamed.
    fn names_of_rows(&self) -> Vec<String> {
        match self.scopes.last() {
            Some(scope) if !scope.joined => {
                scope.row_columns().into_iter().map(|column| column.name).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The columns that are asked for, distinct and sorted.
    fn given(
        &self,
        mut pipeline: Pipeline,
        items: Vec<Item>,
        columns: &[String],
        order: Vec<Order>,
        is_distinct: bool,
    ) -> Result<Pipeline, KqlError> {
        let is_itself = |(item, column): (&Item, &String)| {
            item.name == *column && matches!(&item.value.kind, ExprKind::Name(name) if name == column)
        };
        let is_as_it_is = items.len() == columns.len() && items.iter().zip(columns).all(is_itself);
        let by_result = order.iter().all(|order| order.item.is_some());
        let names: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
        if is_distinct
            && !by_result
            && let Some(other) = order.iter().find(|order| order.item.is_none())
        {
            let message = "ORDER BY of a SELECT DISTINCT takes what is selected";
            return Err(KqlError::new(Reason::Value, other.value.at, message).hint("a column of SELECT"));
        }
        if !by_result {
            pipeline = pipeline.then(Operator::Sort(sort_keys(&order, &[])));
        }
        if !is_as_it_is {
            let values = items.into_iter().map(|item| named(&item.name, item.value)).collect();
            pipeline = pipeline.then(Operator::Project(values));
        }
        if is_distinct {
            pipeline = pipeline.then(Operator::Distinct(Vec::new()));
        }
        if by_result && !order.is_empty() {
            pipeline = pipeline.then(Operator::Sort(sort_keys(&order, &names)));
        }
        Ok(pipeline)
    }

    /// What T-SQL writes in place of LIMIT.
    fn top(&mut self, select: &Select) -> Result<Option<Expr>, KqlError> {
        let Some(top) = &select.top else { return Ok(None) };
        if top.with_ties || top.percent {
            return Err(refused(self.here, "TOP with ties or percent", "LIMIT 10"));
        }
        match &top.quantity {
            Some(TopQuantity::Constant(rows)) => {
                Ok(Some(Expr::long(i64::try_from(*rows).unwrap_or(i64::MAX))))
            }
            Some(TopQuantity::Expr(sql::Expr::Value(value))) => self.value(value).map(Some),
            _ => Err(refused(self.here, "TOP with an expression", "LIMIT 10")),
        }
    }

    /// What SELECT lists, `*` written out.
    fn items(&mut self, projection: &[SelectItem]) -> Result<Vec<Item>, KqlError> {
        let mut items: Vec<Item> = Vec::new();
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let value = self.expr(expr)?;
                    let name = name_of(expr, &value).unwrap_or_else(|| format!("column{}", items.len() + 1));
                    items.push(Item { name, value, alias: None });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let value = self.expr(expr)?;
                    items.push(Item { name: alias.value.clone(), value, alias: Some(alias.clone()) });
                }
                SelectItem::Wildcard(options) => {
                    self.check_star(options)?;
                    let relations = self.scopes.last().map_or(0, |scope| scope.relations.len());
                    if relations == 0 {
                        return Err(KqlError::new(Reason::Syntax, self.here, "there is no FROM"));
                    }
                    for place in 0..relations {
                        self.all_of(place, true, &mut items)?;
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    self.check_star(options)?;
                    let span = self.object_span(name);
                    let alias = name.0.last().and_then(|part| part.as_ident());
                    let scope = self.scopes.last();
                    let place = scope.zip(alias).and_then(|(scope, alias)| {
                        let is_it = |known: &str| is_called(alias, known);
                        scope.relations.iter().position(|one| one.alias.as_deref().is_some_and(is_it))
                    });
                    let Some(place) = place else {
                        let message = format!("there is no table {:?} in FROM", name.to_string());
                        return Err(KqlError::new(Reason::Unknown, span, message));
                    };
                    self.all_of(place, false, &mut items)?;
                }
                SelectItem::QualifiedWildcard(..) => return Err(refused(self.here, "this use of *", "t.*")),
                SelectItem::ExprWithAliases { .. } => {
                    return Err(refused(self.here, "several names of one column", "one name"));
                }
            }
        }
        let mut taken = BTreeSet::new();
        for item in &mut items {
            let base = item.name.clone();
            let mut number = 1;
            while !taken.insert(item.name.clone()) {
                item.name = format!("{base}{number}");
                number += 1;
            }
        }
        Ok(items)
    }

    fn check_star(&mut self, options: &WildcardAdditionalOptions) -> Result<(), KqlError> {
        let WildcardAdditionalOptions {
            wildcard_token,
            opt_ilike,
            opt_exclude,
            opt_except,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        self.here = self.text.span(wildcard_token.0.span).unwrap_or(self.here);
        let has_more = opt_ilike.is_some()
            || opt_exclude.is_some()
            || opt_except.is_some()
            || opt_replace.is_some()
            || opt_rename.is_some()
            || opt_alias.is_some();
        match has_more {
            true => Err(refused(self.here, "what stands behind *", "the columns that are wanted")),
            false => Ok(()),
        }
    }

    /// All columns of a table; of `*` those of USING once.
    fn all_of(&mut self, place: usize, merged_once: bool, items: &mut Vec<Item>) -> Result<(), KqlError> {
        let span = self.here;
        let Some(scope) = self.scopes.last() else { return Ok(()) };
        let Some(relation) = scope.relations.get(place).filter(|relation| !relation.hidden) else {
            return Ok(());
        };
        let is_left_out = |name: &String| merged_once && place > 0 && scope.merged.contains(name);
        let columns: Vec<_> =
            relation.columns.iter().filter(|column| !is_left_out(&column.name)).cloned().collect();
        for column in columns {
            let name = column.name.clone();
            let value = self.use_column(place, column, span)?;
            items.push(Item { name, value, alias: None });
        }
        Ok(())
    }

    /// By what rows are sorted: places and names of columns of the result, or expressions.
    fn order(&mut self, keys: &[OrderByExpr], items: &[Item]) -> Result<Vec<Order>, KqlError> {
        let mut order = Vec::with_capacity(keys.len());
        for OrderByExpr { expr, options: OrderByOptions { asc, nulls_first }, with_fill } in keys {
            if with_fill.is_some() {
                return Err(refused(self.here, "WITH FILL", "ORDER BY alone"));
            }
            let bare = match expr {
                sql::Expr::Identifier(ident) => Some(ident.clone()),
                sql::Expr::Function(function) => {
                    bare_name(function).filter(|parts| parts.len() == 1).and_then(|mut parts| parts.pop())
                }
                _ => None,
            };
            let named = match bare {
                Some(ident) => {
                    self.span_of(&ident);
                    items.iter().position(|item| is_called(&ident, &item.name))
                }
                None => self.ordinal(expr, items.len())?,
            };
            let value = match named.and_then(|place| items.get(place)) {
                Some(item) => Expr { at: sentra_kql::At(self.here), ..self.copy(&item.value)? },
                None => self.expr(expr)?,
            };
            let item = named.or_else(|| items.iter().position(|item| item.value == value));
            let kind = self.kind(&value);
            let direction = if *asc == Some(false) { Direction::Descending } else { Direction::Ascending };
            order.push(Order { item, value, kind, direction, nulls_first: *nulls_first });
        }
        Ok(order)
    }

    /// The column of the result whose number is written.
    pub(super) fn ordinal(&mut self, expr: &sql::Expr, columns: usize) -> Result<Option<usize>, KqlError> {
        let sql::Expr::Value(value) = expr else { return Ok(None) };
        let Value::Number(number, _) = &value.value else { return Ok(None) };
        self.here = self.text.span(value.span).unwrap_or(self.here);
        let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match place.filter(|place| *place < columns) {
            Some(place) => Ok(Some(place)),
            None => {
                let message =
                    format!("SELECT gives {columns} columns, there is none with the number {number}");
                Err(KqlError::new(Reason::Value, self.here, message))
            }
        }
    }

    /// Sort keys over rows whose columns are the result already.
    pub(super) fn sort_keys(
        &mut self,
        keys: &[OrderByExpr],
        names: &[String],
    ) -> Result<Vec<SortKey>, KqlError> {
        let item = |name: &String| Item { name: name.clone(), value: Expr::name(name), alias: None };
        let items: Vec<Item> = names.iter().map(item).collect();
        let order = self.order(keys, &items)?;
        Ok(sort_keys(&order, names))
    }

    /// The keys and aggregates of a group, with their names.
    fn grouping(&mut self, keys: Vec<Expr>, items: &[Item]) -> Grouping {
        let found = self.scopes.last_mut().map(|scope| std::mem::take(&mut scope.aggregates));
        Grouping::new(keys, found.unwrap_or_default(), items)
    }

    fn group_keys(
        &mut self,
        group_by: &sql::GroupByExpr,
        items: &[Item],
    ) -> Result<Option<Vec<Expr>>, KqlError> {
        let (written, modifiers) = match group_by {
            sql::GroupByExpr::All(modifiers) => (None, modifiers),
            sql::GroupByExpr::Expressions(written, modifiers) => (Some(written), modifiers),
        };
        if !modifiers.is_empty() {
            return Err(refused(self.here, "what stands behind GROUP BY", "GROUP BY a, b"));
        }
        let Some(written) = written else {
            let plain = items.iter().filter(|item| !is_aggregated(&item.value));
            return Ok(Some(plain.map(|item| item.value.clone()).collect()));
        };
        let mut keys: Vec<Expr> = Vec::with_capacity(written.len());
        for expr in written {
            let key = match self.ordinal(expr, items.len())?.and_then(|place| items.get(place)) {
                Some(item) => Expr { at: sentra_kql::At(self.here), ..self.copy(&item.value)? },
                None => self.expr(expr)?,
            };
            if is_aggregated(&key) {
                let message = "rows are not grouped by an aggregate";
                return Err(KqlError::new(Reason::Type, self.here, message).hint("HAVING, or a subquery"));
            }
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(Some(keys).filter(|keys| !keys.is_empty()))
    }
}

/// Keys by which KQL sorts. Texts are never null, but empty ones are what SQL takes for it: where those stand is a
/// key of its own when it is said.
fn sort_keys(order: &[Order], names: &[String]) -> Vec<SortKey> {
    let mut keys = Vec::with_capacity(order.len());
    for Order { item, value, kind, direction, nulls_first } in order {
        let name = item.and_then(|place| names.get(place));
        let value = name.map_or_else(|| value.clone(), |name| Expr { at: value.at, ..Expr::name(name) });
        let first_by_default = *direction == Direction::Ascending;
        let is_said = nulls_first.is_some_and(|first| first != first_by_default);
        if is_said && *kind == Some(Kind::String) {
            let order = if first_by_default { Direction::Ascending } else { Direction::Descending };
            let value = Expr::call("isempty", vec![value.clone()]);
            keys.push(SortKey { value, direction: Some(order), nulls_first: None });
        }
        let nulls_first = nulls_first.filter(|_| is_said);
        keys.push(SortKey { value, direction: Some(*direction), nulls_first });
    }
    keys
}

/// What a column is called that was given no name.
fn name_of(expr: &sql::Expr, value: &Expr) -> Option<String> {
    let mut expr = expr;
    loop {
        match expr {
            sql::Expr::Nested(inner) | sql::Expr::Cast { expr: inner, .. } => expr = inner,
            sql::Expr::Identifier(ident) => {
                return Some(match &value.kind {
                    ExprKind::Name(name) if is_called(ident, name) => name.clone(),
                    _ => ident.value.clone(),
                });
            }
            sql::Expr::CompoundIdentifier(parts) => return parts.last().map(|part| part.value.clone()),
            sql::Expr::Function(function) => {
                let name = function.name.0.last().and_then(|part| part.as_ident());
                return name.map(|name| name.value.to_lowercase());
            }
            sql::Expr::CompoundFieldAccess { .. } => {
                return match &value.kind {
                    ExprKind::Index(_, key) => match &key.kind {
                        ExprKind::Literal(Literal::String(name)) => Some(name.clone()),
                        _ => None,
                    },
                    ExprKind::Name(name) | ExprKind::Member(_, name) => Some(name.clone()),
                    _ => None,
                };
            }
            sql::Expr::Case { .. } => return Some("case".to_owned()),
            sql::Expr::Extract { .. } => return Some("extract".to_owned()),
            sql::Expr::Substring { .. } => return Some("substring".to_owned()),
            sql::Expr::Trim { .. } => return Some("trim".to_owned()),
            sql::Expr::Position { .. } => return Some("position".to_owned()),
            sql::Expr::Ceil { .. } => return Some("ceil".to_owned()),
            sql::Expr::Floor { .. } => return Some("floor".to_owned()),
            _ => return None,
        }
    }
}
