//! The tables. Complex parts are JSON in `body`, beside the columns that questions are asked of.
//! Every key begins with the tenant (law TENANT).

macro_rules! table {
    ($(#[$doc:meta])* $module:ident, $name:literal, { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[allow(unreachable_pub, reason = "the derived entities must be pub")]
        pub(super) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $name)]
            pub struct Model {
                $($(#[$attribute])* pub $field: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

table!(
    /// Findings.
    signal, "signals", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        id: String,
        rule: String,
        severity: i32,
        first_micros: i64,
        last_micros: i64,
        #[sea_orm(column_type = "Text")]
        body: String,
    }
);

table!(
    /// Incidents as they are now.
    incident, "incidents", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        id: String,
        version: i64,
        status: String,
        severity: i32,
        risk: f64,
        first_micros: i64,
        last_micros: i64,
        updated_micros: i64,
        /// What the text filter looks in: folded title, headline, entities, techniques.
        #[sea_orm(column_type = "Text")]
        search: String,
        #[sea_orm(column_type = "Text")]
        body: String,
    }
);

table!(
    /// Incidents as they were.
    incident_version, "incident_versions", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        incident: String,
        #[sea_orm(primary_key, auto_increment = false)]
        version: i64,
        updated_micros: i64,
        title: String,
        risk_score: f64,
        risk_low: f64,
        risk_high: f64,
        signals: i64,
    }
);

table!(
    /// Which signals an incident has, in the order of joining.
    incident_signal, "incident_signals", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        incident: String,
        #[sea_orm(primary_key, auto_increment = false)]
        ordinal: i64,
        signal: String,
    }
);

table!(
    /// Records that were not understood, by their place in the dead topic.
    dead_letter, "dead_letters", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        topic: String,
        #[sea_orm(primary_key, auto_increment = false)]
        partition: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        offset: i64,
        reason: String,
        received_micros: i64,
        #[sea_orm(column_type = "Text")]
        body: String,
    }
);

table!(
    /// Replays of dead letters: intents, and what became of them.
    letter_replay, "letter_replays", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        /// The letter's place, as in `raw.0.17`.
        #[sea_orm(primary_key, auto_increment = false)]
        letter: String,
        begun_micros: i64,
        partition: i64,
        from_offset: i64,
        format: Option<String>,
        /// The new record; null while the replay is an intent.
        event: Option<String>,
        done_micros: Option<i64>,
    }
);

table!(
    /// State of detection.
    detector_state, "detector_state", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        key: Vec<u8>,
        value: Vec<u8>,
    }
);

table!(
    /// Where each consumer goes on.
    position, "positions", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        consumer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        partition: i64,
        next_offset: i64,
    }
);

table!(
    /// Registered marts, every version of them.
    mart_version, "mart_versions", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        revision: i64,
        name: String,
        version: i64,
        #[sea_orm(column_type = "Text")]
        body: String,
    }
);

table!(
    /// Declared rollups.
    rollup, "declared_rollups", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        name: String,
        #[sea_orm(column_type = "Text")]
        body: String,
    }
);

table!(
    /// Which revision of the marts routed from which offset on.
    routing_epoch, "routing_epochs", {
        #[sea_orm(primary_key, auto_increment = false)]
        tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        partition: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        from_offset: i64,
        revision: i64,
    }
);
