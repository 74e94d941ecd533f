use std::net::{IpAddr, SocketAddr};

/// Datagrams that the kernel dropped on the socket bound to `address`, because nobody read them in time.
/// `table` is the text of `/proc/net/udp` or `/proc/net/udp6`. `None` when the socket is not in it.
#[must_use]
pub fn kernel_drops(table: &str, address: SocketAddr) -> Option<u64> {
    let wanted = table_address(address);
    table
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let is_wanted = words.nth(1)? == wanted;
            is_wanted.then(|| words.next_back()?.parse::<u64>().ok())?
        })
        .reduce(u64::saturating_add)
}

/// The address as the kernel writes it: words of four bytes in the machine's order, then the port.
fn table_address(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = octets.chunks_exact(4).map(|word| {
        let word = <[u8; 4]>::try_from(word).unwrap_or_default();
        format!("{:08X}", u32::from_ne_bytes(word))
    });
    format!("{}:{:04X}", words.collect::<String>(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  173: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 42
  174: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 7
";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_drops_of_the_right_socket_are_read() {
        assert_eq!(kernel_drops(TABLE, "127.0.0.1:5514".parse().unwrap()), Some(42));
        assert_eq!(kernel_drops(TABLE, "127.0.0.1:5515".parse().unwrap()), None);
        assert_eq!(kernel_drops("", "127.0.0.1:5514".parse().unwrap()), None);
    }

    #[test]
    fn this_machine_writes_the_table_like_that() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let Ok(table) = std::fs::read_to_string("/proc/net/udp") else {
            println!("skipped: this machine has no /proc/net/udp");
            return;
        };
        assert_eq!(kernel_drops(&table, socket.local_addr().unwrap()), Some(0));
    }
}
