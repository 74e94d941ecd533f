//! Named limits and periods of the baselines.

/// Seconds of a day.
pub(crate) const DAY_SECONDS: u32 = 86_400;
/// Seconds of an hour.
pub(crate) const HOUR_SECONDS: u32 = 3_600;

/// How much baselines keep, how long they watch before they speak, and from when on something stands out.
///
/// The same events with another configuration give other statements; it is part of a run's inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineConfig {
    /// Key of the hashes under which names are kept. It must not change while a state lives.
    pub seed: u64,
    /// Most entities (users, hosts, source addresses of logins) of a tenant.
    pub entities_max: usize,
    /// Most first-seen values over all entities of a tenant.
    pub terms_max: usize,
    /// Most levels (rates and volumes) of a tenant.
    pub levels_max: usize,
    /// Most distinct rare-value candidates (processes, parent–child pairs, user agents) of a tenant.
    pub rare_values_max: usize,
    /// Most users whose last place is known.
    pub places_max: usize,
    /// New values one entity may bring per field and [`BaselineConfig::term_ttl_days`]; beyond, nothing is new for it.
    pub values_per_entity_max: u8,
    /// Days after which a value that was not seen again is new again.
    pub term_ttl_days: u32,
    /// Hours an entry must have been idle before it may make room for another.
    pub idle_hours_min: u32,
    /// Days with events before a tenant's kind of relation may be called new.
    pub tenant_days_min: u8,
    /// Events before a tenant's kind of relation may be called new.
    pub tenant_events_min: u32,
    /// Days with events before an entity's values may be called new or its counts unusual.
    pub entity_days_min: u8,
    /// Events before an entity's values may be called new or its counts unusual.
    pub entity_events_min: u32,
    /// Days with events before an entity's hours of the week are judged.
    pub hours_days_min: u8,
    /// Seconds by which an event may be ahead of its arrival.
    pub ahead_seconds_max: u32,
    /// Days by which an event may be behind its arrival.
    pub behind_days_max: u32,
    /// Events after which an observation is learned at the latest; no batch may hold more.
    pub hold_events: usize,
    /// Seconds of arrival time after which an observation is learned.
    pub hold_seconds: u32,
    /// Most observations that wait for a verdict; beyond, the oldest are learned without one, counted.
    pub unjudged_max: usize,
    /// Seconds after an alerted event of a user during which nothing of that user is learned.
    pub quarantine_seconds: u32,
    /// Length of the sliding window of rates, seconds.
    pub rate_window_seconds: u32,
    /// Length of the sliding window of volumes, seconds.
    pub volume_window_seconds: u32,
    /// Factor by which a level may grow per week.
    pub growth_per_week_max: f32,
    /// Deviation from which it is stated.
    pub deviation_min: f32,
    /// Level over long-term level from which it is stated.
    pub drift_min: f32,
    /// −ln p from which a value is stated as rare.
    pub rarity_min: f32,
    /// Values seen in a field before any is called rare.
    pub rarity_events_min: f64,
    /// Bytes in one window below which a volume is never stated.
    pub volume_bytes_min: f32,
    /// Bytes of one event from which its destination gets a level of its own.
    pub pair_bytes_min: f32,
    /// Bytes in one window that are a finding whatever the baseline learned, unless it is this entity's long-term level.
    pub volume_bytes_ceiling: f32,
    /// Speed from which a journey is impossible, km/h.
    pub travel_kmh_max: f32,
    /// Distance below which no journey is looked at (places of addresses are inexact), km.
    pub travel_km_min: f32,
    /// Users of one address from which it counts as shared egress (VPN, proxy, carrier).
    pub egress_users_min: u8,
    /// Hosts never reached before within [`BaselineConfig::lateral_window_seconds`] that are a lateral movement.
    pub lateral_hosts_min: usize,
    /// The window of lateral movement, seconds.
    pub lateral_window_seconds: u32,
    /// How long before a first privileged operation a failure counts, seconds.
    pub escalation_window_seconds: u32,
    /// Deviation from which a login frequency is a finding.
    pub frequency_deviation_min: f32,
    /// Logins in one window below which their frequency is never a finding.
    pub frequency_count_min: f32,
    /// Deviation from which an outgoing volume is a finding.
    pub exfiltration_deviation_min: f32,
    /// −ln p from which a process that is new on its host is a finding.
    pub process_rarity_min: f32,
    /// Seconds during which a detector does not speak again of the same entity.
    pub pause_seconds: u32,
    /// Most pauses and movements that are remembered.
    pub pauses_max: usize,
    /// Events after which all records that changed are stored; in between only what was observed is.
    pub checkpoint_events: u64,
    /// Whether changes are kept for [`crate::Behaviour::take_changes`].
    pub persistent: bool,
}

impl Default for BaselineConfig {
    fn default() -> Self {
        Self {
            seed: 0x5e47_2a11_ba5e_11e5,
            entities_max: 1_500_000,
            terms_max: 10_000_000,
            levels_max: 2_500_000,
            rare_values_max: 1 << 18,
            places_max: 750_000,
            values_per_entity_max: 250,
            term_ttl_days: 30,
            idle_hours_min: 24,
            tenant_days_min: 3,
            tenant_events_min: 1_000,
            entity_days_min: 3,
            entity_events_min: 20,
            hours_days_min: 10,
            ahead_seconds_max: HOUR_SECONDS,
            behind_days_max: 400,
            hold_events: 8_192,
            hold_seconds: 60,
            unjudged_max: 65_536,
            quarantine_seconds: HOUR_SECONDS,
            rate_window_seconds: 600,
            volume_window_seconds: HOUR_SECONDS,
            growth_per_week_max: 1.25,
            deviation_min: 2.0,
            drift_min: 3.0,
            rarity_min: 6.9,
            rarity_events_min: 5_000.0,
            volume_bytes_min: 1e6,
            pair_bytes_min: 65_536.0,
            volume_bytes_ceiling: 2e10,
            travel_kmh_max: 900.0,
            travel_km_min: 500.0,
            egress_users_min: 10,
            lateral_hosts_min: 4,
            lateral_window_seconds: HOUR_SECONDS,
            escalation_window_seconds: HOUR_SECONDS,
            frequency_deviation_min: 5.0,
            frequency_count_min: 10.0,
            exfiltration_deviation_min: 4.0,
            process_rarity_min: 8.0,
            pause_seconds: DAY_SECONDS,
            pauses_max: 65_536,
            checkpoint_events: 262_144,
            persistent: true,
        }
    }
}
