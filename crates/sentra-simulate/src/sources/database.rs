//! The PostgreSQL server log, and the audit log of the application in front of it.

use super::{Pen, Source};
use crate::acts::Query;
use crate::moment::Form;
use crate::world::{AccountId, Role};

/// With `log_line_prefix = '%m [%p] %q%u@%d %h '` and `log_connections = on`.
pub(super) fn connection(
    pen: &mut Pen<'_>,
    account: AccountId,
    from: u32,
    database: &str,
    is_success: bool,
) -> Source {
    let name = pen.world.account(account).name.as_str();
    let process = 2000 + pen.dice.below(30_000);
    pen.time(Form::BlankMillis).put(" UTC [").number(process).put("] ").put(name).put("@").put(database);
    pen.put(" ").ip(from);
    if is_success {
        pen.put(" LOG:  connection authorized: user=").put(name).put(" database=").put(database);
        pen.put(
            " application_name=psql SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)",
        );
    } else {
        pen.put(" FATAL:  password authentication failed for user \"").put(name).put("\"");
    }
    Source::PostgreSql
}

pub(super) fn query(pen: &mut Pen<'_>, query: &Query) -> Source {
    let world = pen.world;
    let session = pen.dice.next() >> 40;
    let took = 2 + pen.dice.below(900);
    pen.put("time=")
        .time(Form::IsoMillis)
        .put(" level=info host=")
        .put(&world.host(world.host_of(Role::Database)).name);
    pen.put(" app=").put(query.application).put(" user=").put(&world.account(query.user).name);
    pen.put(" src_ip=").ip(query.from).put(" session=s").number(session);
    pen.put(" action=").put(query.action).put(" object=").put(query.object);
    pen.put(" rows=").number(query.rows).put(" duration_ms=").number(took).put(" outcome=success");
    Source::Application
}
