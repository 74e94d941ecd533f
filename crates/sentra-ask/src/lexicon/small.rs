//! Small words: those that mean nothing here, those that lead a name, those that turn a meaning round.

/// Words that say nothing about what is asked for.
const FILLERS: &[&str] = &[
    "a", "about", "actually", "again", "all", "already", "also", "am", "an", "and", "any", "anybody", "anyone",
    "anything", "are", "be", "been", "being", "can", "could", "currently", "did", "display", "do", "does", "done",
    "each", "either", "else", "ever", "every", "everybody", "everyone", "everything", "exactly", "far", "fetch",
    "find", "for", "found", "get", "give", "go", "going", "got", "had", "happen", "happened", "happening", "happens",
    "has", "have", "having", "hello", "hey", "hi", "i", "if", "in", "into", "is", "it", "its", "just", "kind",
    "kindly", "let", "list", "look", "looking", "looks", "make", "may", "me", "might", "my", "need",
    "now", "occur", "occurred", "of", "on", "only", "or", "our", "out", "overview", "perform", "performed", "please",
    "pull", "really", "report", "reported", "return", "search", "searching", "see", "seen", "select", "show",
    "showing", "shown", "sign", "so", "some", "somebody", "someone", "something", "take", "taken", "tell", "thank",
    "thanks", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "up", "us",
    "use", "used", "uses", "using", "usage", "via", "view", "want", "was", "we", "were", "what", "what's", "when",
    "where", "which", "who", "whom", "will", "with", "within", "would", "you", "your", "'s", ",", ";", "by", "from",
    "at", "as", "against", "contact", "contacted", "talk", "talked", "talking", "talks", "connect", "connected",
    "connecting", "communicate", "communicated", "communicating", "touch", "touched", "accessed", "hit", "during",
    "containing", "contains", "contain", "mentioning", "mention", "mentions", "involving", "involve", "concerning",
    "called", "named", "between", "available", "occurrences", "occurrence",
    "reached", "yet", "here", "exist", "exists", "end", "own", "cases",
];

/// Words that lead a name: `by alice`, `on web01`.
const PREPOSITIONS: &[&str] = &[
    "by", "of", "for", "from", "on", "to", "in", "at", "against", "as", "about", "involving", "with", "did", "does",
    "has", "was", "via", "into", "under", "containing", "contains", "contain", "mentioning", "mention", "using",
    "where", "had", "called", "named", "concerning", "between", "through", "towards", "toward", "contacted", "is", "like",
];

/// Words that turn the meaning round. One that is not understood is never passed over.
const NEGATIONS: &[&str] = &["not", "except", "excluding", "without", "no", "never", "none", "neither", "nor", "nobody", "unlike", "but", "exclude", "besides", "minus", "ignoring"];

/// Words of the other parts of the grammar, for the correction of misspelt ones.
const OTHERS: &[&str] = &[
    "today", "yesterday", "tomorrow", "tonight", "morning", "afternoon", "evening", "night", "noon", "midnight",
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march",
    "april", "june", "july", "august", "september", "october", "november", "december", "second", "seconds", "minute",
    "minutes", "hour", "hours", "day", "days", "week", "weeks", "weekend", "weekends", "weekdays", "month", "months",
    "quarter", "quarters", "year", "years", "ago", "since", "before", "after", "until", "last", "past", "previous",
    "recently", "business", "office", "working", "outside", "inside", "around", "different", "distinct", "unique",
    "often", "much", "top", "bottom", "most", "least", "rarest", "common", "frequent", "average", "maximum",
    "minimum", "trend", "time", "chart", "graph", "histogram", "hourly", "daily", "weekly", "monthly", "latest",
    "newest", "oldest", "first", "recent", "compare", "compared", "versus", "similar", "like", "resemble",
    "resembles", "resembling", "related", "comparable", "than", "more", "fewer", "less", "over", "breakdown",
    "distribution", "grouped", "count", "number", "sum", "many", "per", "each", "every", "group", "split", "broken",
    "down", "sorted", "times", "frequency", "amount", "tally", "total", "counts", "highest", "busiest", "noisiest",
    "rare", "timeline", "plot", "series", "development", "above", "exceeding", "under", "below", "exactly", "avg",
    "mean", "max", "largest", "biggest", "longest", "min", "smallest", "shortest", "earliest", "observed",
    "appeared", "comparison", "vs", "alike", "reminiscent", "neighbours", "nearest", "same", "how", "night", "nights",
];

/// Whether `word` says nothing about what is asked for.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

/// Whether `word` leads a name.
pub(crate) fn is_preposition(word: &str) -> bool {
    PREPOSITIONS.contains(&word)
}

/// Whether `word` turns the meaning round.
pub(crate) fn is_negation(word: &str) -> bool {
    NEGATIONS.contains(&word)
}

/// Every small word.
pub(crate) fn small_words() -> impl Iterator<Item = &'static str> {
    FILLERS.iter().chain(PREPOSITIONS).chain(NEGATIONS).chain(OTHERS).copied()
}
