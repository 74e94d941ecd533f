//! Small words: those that mean nothing here, those that lead a name, those that turn a meaning round.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that say nothing about what is asked for.
const FILLERS: &str = "\
    's , ; a about access accessed accesses actually again against all already also am an and any \
    anybody anyone anything anywhere are as at attempt attempts available be been being between by \
    called can cases cause caused communicate communicated communicating concerning connect connected \
    connecting contact contacted contain containing contains could currently did display do does done \
    during each either else end ever every everybody everyone everything evidence exactly exist exists \
    far fetch find fire fired fires firing for found from generate generated get give go going got had \
    happen happened happening happens has have having hello here hey hi hit i if in into involve \
    involving is it its just kind kindly let list look looking looks make may me mention mentioning \
    mentions might named need now occur occurred occurrence occurrences of on only or our out overview \
    own perform performed please pull raise raised reached really report reported return search \
    searching see seen select show showing shown sign signs so some somebody someone something take \
    taken talk talked talking talks tell thank thanks that the their them then there these they this \
    those to touch touched tried tries trigger triggered try up us usage use used uses using uuid via \
    view visit visited visits want was we were what what's when where which who whom will with within \
    would yet you your";

/// Words that lead a name: `by alice`, `on web01`.
const PREPOSITIONS: &str = "\
    about against as at between by called concerning contacted contain containing contains did does for \
    from had has in into involving is like mention mentioning named of on through to toward towards \
    under using via was where with";

/// Words that turn the meaning round. One that is not understood is never passed over.
const NEGATIONS: &str = "\
    besides but except exclude excluding ignoring minus neither never no nobody none nor not outside \
    unlike without";

/// Words of the other parts of the grammar, for the correction of misspelt ones.
const OTHERS: &str = "\
    above active after afternoon aggregate ago amount appeared april around august average avg before \
    below best biggest bottom breakdown broken busiest business chart closest common commonly comparable \
    compare compared comparison correlate correlated count counts daily day days december decrease \
    development difference different distinct distribution down duplicates during each earliest eight \
    eleven evening every exactly exceeding familiar february fewer fewest fifteen fifty first five \
    followed fortnight four fraction frequency frequent frequently friday graph group grouped growth \
    highest histogram hour hourly hours how hundred increase inside january july june largest last \
    latest least less like longest look-alikes lookalikes lowest many march match matches matching max \
    maximum mean median midnight min minimum minute minutes monday month monthly months more morning \
    most much nearest neighbours newest night nights nine noisiest noon november number observed october \
    office often oldest one order ordered outside over overnight past peak per percent percentage \
    percentile plot previous proportion quarter quarters rank ranked ranking rare rarest rate ratio \
    recent recently related reminiscent resemble resembles resembling same saturday second seconds \
    september series seven share shortest similar since six smallest sort sorted split statistics stats \
    sum summarise summarize summary sunday tally ten than thirty three thursday time timeline times \
    today tomorrow tonight top total trend trending tuesday twelve twenty two under unique until used \
    versus vs wednesday week weekdays weekend weekends weekly weeks working year years yesterday zero";

static FILLER_SET: LazyLock<HashSet<&'static str>> = LazyLock::new(|| FILLERS.split(' ').collect());
static PREPOSITION_SET: LazyLock<HashSet<&'static str>> = LazyLock::new(|| PREPOSITIONS.split(' ').collect());
static NEGATION_SET: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NEGATIONS.split(' ').collect());

/// Whether `word` says nothing about what is asked for.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLER_SET.contains(word)
}

/// Whether `word` leads a name.
pub(crate) fn is_preposition(word: &str) -> bool {
    PREPOSITION_SET.contains(word)
}

/// Whether `word` turns the meaning round.
pub(crate) fn is_negation(word: &str) -> bool {
    NEGATION_SET.contains(word)
}

/// Every small word.
pub(crate) fn small_words() -> impl Iterator<Item = &'static str> {
    [FILLERS, PREPOSITIONS, NEGATIONS, OTHERS].into_iter().flat_map(|words| words.split(' '))
}
