use super::*;
use crate::sigma::documents::read as documents_of;
use crate::sigma::rule::read_draft;

/// The rule of `detection` for Windows process creations, rewritten.
fn rewritten(transformations: &str, detection: &str) -> Result<Draft, Fault> {
    let text = format!(
        "title: t\nid: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01\nlevel: low\ntags: [attack.t1059]\n\
         logsource: {{product: windows, category: process_creation}}\ndetection: {detection}\n"
    );
    let document = documents_of(&text).remove(0)?;
    let mut draft = read_draft(document.node, document.parts, &mut |_, _| {})?;
    let pipeline = format!("name: p\nvars: {{admins: [root, 'adm_*']}}\ntransformations:\n{transformations}");
    let (pipeline, _) = Pipeline::read("p.yml", &pipeline)
        .map_err(|problem| Fault::new(problem.line, format!("{}: {}", problem.path, problem.message)))?;
    apply(&[pipeline], &mut draft)?;
    Ok(draft)
}

/// What is left of the rule, in one line.
fn shown(draft: &Draft) -> String {
    fn tree(tree: &Tree) -> String {
        let joined = |parts: &[Tree], by: &str| {
            let parts: Vec<String> = parts.iter().map(shown_tree).collect();
            format!("({})", parts.join(by))
        };
        match tree {
            Tree::All(parts) => joined(parts, " & "),
            Tree::Any(parts) => joined(parts, " | "),
            Tree::Item(item) => {
                let values: Vec<String> =
                    item.values.iter().map(|node| node.text().unwrap_or_else(|| "null".to_owned())).collect();
                format!("{}={}", item.field.as_deref().unwrap_or_default(), values.join(","))
            }
        }
    }
    let selections: Vec<String> = draft
        .detection
        .selections
        .iter()
        .map(|selection| format!("{}: {}", selection.name, tree(&selection.tree)))
        .collect();
    selections.join("; ")
}

fn shown_tree(tree: &Tree) -> String {
    let selection = Selection { name: "x".to_owned(), line: 1, tree: tree.clone() };
    let draft =
        Draft::of(Logsource::default(), Detection { selections: vec![selection], ..Detection::default() });
    shown(&draft).trim_start_matches("x: ").to_owned()
}

#[track_caller]
fn check(transformations: &str, detection: &str, expected: &str) {
    let draft = rewritten(transformations, detection).unwrap();
    assert_eq!(shown(&draft), expected, "{transformations}\non {detection}");
}

#[test]
fn transformations_of_fields() {
    let rule = "{s: {A: x, B: y}, condition: s}";
    check("  - {type: field_name_mapping, mapping: {A: a, X: x}}", rule, "s: (a=x & B=y)");
    check("  - {type: field_name_mapping, mapping: {A: [a, b]}}", rule, "s: ((a=x | b=x) & B=y)");
    check("  - {type: field_name_prefix, prefix: p.}", rule, "s: (p.A=x & p.B=y)");
    check("  - {type: field_name_suffix, suffix: .k}", rule, "s: (A.k=x & B.k=y)");
    let rule = "{s: {win.a: x, linux.b: y}, condition: s}";
    check("  - {type: field_name_prefix_mapping, mapping: {win.: w_}}", rule, "s: (w_a=x & linux.b=y)");
    let rule = "{s: {A|fieldref: B, C: D}, condition: s}";
    check("  - {type: field_name_mapping, mapping: {A: a, B: b}}", rule, "s: (a=b & C=D)");
}

#[test]
fn what_wants_absence_wants_it_of_every_name() {
    let mapping = "  - {type: field_name_mapping, mapping: {A: [a, b]}}";
    check(mapping, "{s: {A: null}, condition: s}", "s: (a=null & b=null)");
    check(mapping, "{s: {A|exists: false}, condition: s}", "s: (a=false & b=false)");
    check(mapping, "{s: {A|exists: true}, condition: s}", "s: (a=true | b=true)");
    check(mapping, "{s: {A|neq: x}, condition: s}", "s: (a=x & b=x)");
}

#[test]
fn keywords_have_no_field_to_change() {
    check("  - {type: field_name_prefix, prefix: p.}", "{s: [x, y], condition: s}", "s: =x,y");
}

#[test]
fn transformations_of_values() {
    let rule = r"{s: {A: 'C:\x*', B: 5}, condition: s}";
    check(r"  - {type: replace_string, regex: '^C:\\', replacement: 'D:\\'}", rule, r"s: (A=D:\x* & B=5)");
    check(
        "  - {type: replace_string, regex: '(x)(.)', replacement: '\\2\\1$'}",
        rule,
        r"s: (A=C:\*x$ & B=5)",
    );
    check(
        "  - {type: replace_string, regex: 'x', replacement: '*', skip_special: true}",
        rule,
        r"s: (A=C:\\** & B=5)",
    );
    check(
        "  - {type: replace_string, regex: 'x', replacement: '*', skip_special: true, interpret_special: true}",
        rule,
        r"s: (A=C:\** & B=5)",
    );
    let rule = "{s: {A: [on, off, other]}, condition: s}";
    check("  - {type: map_string, mapping: {'on': '1', 'off': ['0', 'no']}}", rule, "s: A=1,0,no,other");
    check("  - {type: set_value, value: 7}", rule, "s: A=7");
    check("  - {type: case, method: upper}", rule, "s: A=ON,OFF,OTHER");
    let draft =
        rewritten("  - {type: convert_type, target_type: num}", "{s: {A: '12'}, condition: s}").unwrap();
    let Tree::Item(item) = &draft.detection.selections[0].tree else { panic!("an item") };
    assert_eq!(item.values[0].value, Value::Integer(12));
}

#[test]
fn hashes_go_to_fields_of_their_own() {
    let transformation = "  - {type: hashes_fields, valid_hash_algos: [MD5, SHA256], field_prefix: File}";
    check(
        transformation,
        "{s: {Hashes|contains: ['MD5=abc', 'SHA256=def', 'MD5=ghi']}, condition: s}",
        "s: (FileMD5=abc,ghi | FileSHA256=def)",
    );
    check(
        transformation,
        "{s: {Hashes: d41d8cd98f00b204e9800998ecf8427e}, condition: s}",
        "s: FileMD5=d41d8cd98f00b204e9800998ecf8427e",
    );
}

#[test]
fn placeholders_are_replaced_by_variables_or_wildcards() {
    let rule = "{s: {A|expand: ['%admins%', '%other%']}, condition: s}";
    check("  - {type: value_placeholders}", rule, "s: (A=root,adm_* | A=%other%)");
    check("  - {type: value_placeholders, exclude: [admins]}", rule, "s: A=%admins%,%other%");
    check("  - {type: wildcard_placeholders, include: [other]}", rule, "s: (A=* | A=%admins%)");
    check("  - {type: wildcard_placeholders}", rule, "s: A=*,*");
}

#[test]
fn items_are_dropped_with_what_names_them() {
    let rule = "{s: {A: x, B: y}, f: {C: z}, condition: s and not f}";
    let by = |field: &str| {
        format!(
            "  - {{type: drop_detection_item, field_name_conditions: [{{type: include_fields, fields: [{field}]}}]}}"
        )
    };
    check(&by("A"), rule, "s: B=y; f: C=z");
    let draft = rewritten(&by("C"), rule).unwrap();
    assert_eq!(shown(&draft), "s: (A=x & B=y)");
    assert!(format!("{:?}", draft.detection.conditions).contains("Name(\"s\")"));
    assert!(!format!("{:?}", draft.detection.conditions).contains("Name(\"f\")"));
    let fault = rewritten("  - {type: drop_detection_item}", rule).unwrap_err();
    assert!(fault.message.contains("dropped everything"), "{fault:?}");
}

#[test]
fn conditions_and_logsources_are_changed() {
    let rule = "{s: {A: x}, condition: s}";
    let draft = rewritten(
        "  - {type: add_condition, name: ours, conditions: {EventID: 1, source: '$product-$category'}, template: true}\n  \
         - {type: change_logsource, product: windows, service: sysmon}",
        rule,
    )
    .unwrap();
    assert_eq!(shown(&draft), "s: A=x; ours: (EventID=1 & source=windows-process_creation)");
    assert_eq!(draft.logsource.service.as_deref(), Some("sysmon"));
    assert_eq!(draft.logsource.category, None);
    let conditions = format!("{:?}", draft.detection.conditions);
    assert!(conditions.contains("And([Name(\"ours\"), Name(\"s\")])"), "{conditions}");
    let draft = rewritten("  - {type: add_condition, conditions: {A: y}, negated: true}", rule).unwrap();
    assert!(format!("{:?}", draft.detection.conditions).contains("Not(Name(\"_pipeline_1\"))"));
}

#[test]
fn failures_refuse_the_rule() {
    let rule = "{s: {A: x}, condition: s}";
    for (transformation, expected) in [
        ("  - {type: rule_failure, message: not here}", true),
        (
            "  - {type: detection_item_failure, message: not here, field_name_conditions: [{type: include_fields, fields: [A]}]}",
            true,
        ),
        (
            "  - {type: detection_item_failure, message: not here, field_name_conditions: [{type: include_fields, fields: [B]}]}",
            false,
        ),
        (
            "  - {type: rule_failure, message: not here, rule_conditions: [{type: logsource, product: linux}]}",
            false,
        ),
    ] {
        let result = rewritten(transformation, rule);
        assert_eq!(result.is_err(), expected, "{transformation}");
        if let Err(fault) = result {
            assert!(fault.message.contains("not here"), "{fault:?}");
        }
    }
}

#[test]
fn conditions_of_rules() {
    let rule = "{s: {A: x, B: 5}, condition: s}";
    for (condition, expected) in [
        ("{type: logsource, product: windows}", true),
        ("{type: logsource, category: process_creation, product: windows}", true),
        ("{type: logsource, service: sysmon}", false),
        ("{type: contains_field, field: A}", true),
        ("{type: contains_field, field: C}", false),
        ("{type: contains_detection_item, field: B, value: 5}", true),
        ("{type: contains_detection_item, field: B, value: 6}", false),
        ("{type: tag, tag: attack.T1059}", true),
        ("{type: tag, tag: attack.t1003}", false),
        ("{type: rule_attribute, attribute: id, value: 6bd1e1a6-7b37-4c4f-8f3a-0a8c7f3f7a01}", true),
        ("{type: rule_attribute, attribute: level, value: medium, op: lt}", true),
        ("{type: rule_attribute, attribute: level, value: low, op: gt}", false),
        ("{type: is_sigma_rule}", true),
        ("{type: is_sigma_correlation_rule}", false),
        ("{type: processing_item_applied, processing_item_id: before}", true),
        ("{type: processing_item_applied, processing_item_id: never}", false),
        ("{type: processing_state, key: k, val: v}", true),
        ("{type: processing_state, key: k, val: other}", false),
    ] {
        let steps = format!(
            "  - {{id: before, type: set_state, key: k, val: v}}\n  - {{type: field_name_prefix, prefix: p., rule_conditions: [{condition}]}}"
        );
        check(&steps, rule, if expected { "s: (p.A=x & p.B=5)" } else { "s: (A=x & B=5)" });
    }
}

#[test]
fn conditions_of_items_and_fields() {
    let rule = "{s: {A: [x1, y], B: 'x*', C: null}, condition: s}";
    for (condition, expected) in [
        ("detection_item_conditions: [{type: match_string, pattern: x}]", "A B"),
        ("detection_item_conditions: [{type: match_string, pattern: x, cond: all}]", "B"),
        ("detection_item_conditions: [{type: match_string, pattern: x, negate: true}]", "C"),
        ("detection_item_conditions: [{type: match_value, value: y}]", "A"),
        ("detection_item_conditions: [{type: contains_wildcard}]", "B"),
        ("detection_item_conditions: [{type: is_null}]", "C"),
        ("detection_item_conditions: [{type: is_null}], detection_item_cond_not: true", "A B"),
        ("field_name_conditions: [{type: include_fields, fields: [A, C]}]", "A C"),
        ("field_name_conditions: [{type: exclude_fields, fields: [A, C]}]", "B"),
        ("field_name_conditions: [{type: include_fields, mode: re, fields: ['[AB]$']}]", "A B"),
        (
            "field_name_conditions: [{type: include_fields, fields: [A]}, {type: include_fields, fields: [B]}], field_name_cond_op: or",
            "A B",
        ),
        (
            "field_name_conditions: {a: {type: include_fields, fields: [A]}, b: {type: include_fields, fields: [B]}}, field_name_cond_expr: 'not (a or b)'",
            "C",
        ),
    ] {
        let draft =
            rewritten(&format!("  - {{type: field_name_prefix, prefix: p., {condition}}}"), rule).unwrap();
        let mut changed = Vec::new();
        draft.detection.selections[0].tree.items(&mut |item| {
            changed.extend(item.field.as_deref().and_then(|field| field.strip_prefix("p.")));
        });
        assert_eq!(changed.join(" "), expected, "{condition}");
    }
}

#[test]
fn an_item_remembers_what_was_applied_to_it() {
    let steps = "  - {id: mapped, type: field_name_mapping, mapping: {A: a}, field_name_conditions: [{type: include_fields, fields: [A]}]}\n  \
                 - {type: field_name_prefix, prefix: p., field_name_conditions: [{type: processing_item_applied, processing_item_id: mapped}], field_name_cond_not: true}";
    check(steps, "{s: {A: x, B: y}, condition: s}", "s: (a=x & p.B=y)");
}

#[test]
fn nested_transformations_share_the_condition() {
    let nest = |product: &str| {
        format!(
            "  - type: nest\n    rule_conditions: [{{type: logsource, product: {product}}}]\n    items:\n      \
             - {{type: field_name_suffix, suffix: .x}}\n      - {{type: field_name_prefix, prefix: p.}}\n"
        )
    };
    check(&nest("windows"), "{s: {A: x}, condition: s}", "s: p.A.x=x");
    check(&nest("linux"), "{s: {A: x}, condition: s}", "s: A=x");
}

#[test]
fn what_is_wrong_is_refused_with_its_line() {
    let nested = "[{type: nest, items: ".repeat(NEST_DEPTH_MAX + 2) + "[]" + &"}]".repeat(NEST_DEPTH_MAX + 2);
    for (text, line, part) in [
        ("name: x\n", 1, "no transformations"),
        ("transformations: []\nname: x\nprioriti: 1\n", 3, "did you mean \"priority\"?"),
        ("transformations:\n  - {type: field_name_maping}\n", 2, "did you mean \"field_name_mapping\"?"),
        (
            "transformations:\n  - {type: query_expression_placeholders}\n",
            2,
            "refused: it writes into a query",
        ),
        ("transformations:\n  - {id: x}\n", 2, "no type"),
        ("transformations:\n  - {type: field_name_prefix}\n", 2, "wants \"prefix\""),
        (
            "transformations:\n  - {type: set_state, key: k, val: v, detection_item_conditions: [{type: is_null}]}\n",
            2,
            "use rule_conditions",
        ),
        (
            "transformations:\n  - {type: drop_detection_item, rule_conditions: [{type: logsorce}]}\n",
            2,
            "did you mean \"logsource\"?",
        ),
        (
            "transformations:\n  - {type: drop_detection_item, rule_conditions: {a: {type: is_sigma_rule}}, rule_cond_expr: b}\n",
            2,
            "no condition \"b\"",
        ),
        (
            "transformations:\n  - {type: drop_detection_item, rule_conditions: [{type: is_sigma_rule}], rule_cond_op: xor}\n",
            2,
            "'and' or 'or'",
        ),
        ("transformations:\n  - {type: replace_string, regex: '(', replacement: ''}\n", 2, "not understood"),
        (&format!("transformations: {nested}\n"), 1, "nested deeper"),
    ] {
        let problem = Pipeline::read("p.yml", text).unwrap_err();
        assert_eq!(problem.line, line, "{text}: {problem:?}");
        assert!(problem.message.contains(part), "{text}: {problem:?}");
    }
    let many =
        format!("transformations:\n{}", "  - {type: drop_detection_item}\n".repeat(TRANSFORMATIONS_MAX + 1));
    assert!(Pipeline::read("p.yml", &many).unwrap_err().message.contains("allowed"));
    let (_, warnings) =
        Pipeline::read("p.yml", "transformations: [{type: add_field, field: x}]\nfinalizers: []\n").unwrap();
    assert_eq!(warnings.len(), 2);
}

/// Law LIMIT.
#[test]
fn a_pipeline_cannot_multiply_a_rule_without_end() {
    let names: Vec<String> = (0..100).map(|number| format!("f{number}")).collect();
    let names = names.join(", ");
    let step = format!(
        "  - {{type: field_name_mapping, mapping: {{A: [{names}], f1: [A, A, A, A, A, A, A, A]}}}}\n"
    );
    let values = vec!["x"; 900].join(", ");
    let fault = rewritten(&step.repeat(4), &format!("{{s: {{A: [{values}]}}, condition: s}}")).unwrap_err();
    assert!(fault.message.contains("allowed"), "{fault:?}");
}

#[test]
fn the_built_in_pipelines_are_well_formed() {
    for name in BUILT_IN_PIPELINES {
        let (path, text) = builtin::text(name).unwrap();
        let (pipeline, warnings) = Pipeline::read(path, text).unwrap();
        assert_eq!((pipeline.name(), warnings), (name, vec![]));
        assert!(Pipeline::built_in(name).is_some());
    }
    assert!(Pipeline::built_in("other").is_none());
}
