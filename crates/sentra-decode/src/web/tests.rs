use expect_test::expect;

use crate::test_kit::{summaries, table};

#[test]
fn access_lines_in_all_their_forms() {
    let lines = [
        // combined, with a user
        r#"192.0.2.7 - alice [01/Mar/2026:10:00:00 +0100] "GET /shop/list.php?id=1%20OR%201=1 HTTP/1.1" 200 512 "https://example.com/" "Mozilla/5.0 (X11; Linux x86_64)""#,
        // common, IPv6
        r#"2001:db8::7 - - [01/Mar/2026:10:00:00 +0000] "HEAD / HTTP/1.0" 404 -"#,
        // vhost_combined with a port
        r#"shop.example.com:443 192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "POST /login HTTP/2.0" 302 0 "-" "-""#,
        // a virtual host and a request id
        r#"shop.example.com 192.0.2.7 - a1b2c3 - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-""#,
        // quotes inside, a forwarded address and a time behind
        r#"198.51.100.9 - - [01/Mar/2026:10:00:00 +0000] "GET /\"x\" HTTP/1.1" 500 17 "-" "say \"hi\"" "192.0.2.7, 198.51.100.1" 0.012"#,
        // a client by name, a user with blanks and brackets
        r#"pc7.example.com - Al [x] Ice [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 401 12"#,
        // not HTTP
        r#"192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "\x16\x03\x01" 400 157 "-" "-""#,
        // an open proxy asked for
        r#"192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET http://www.example.net:8080/ip HTTP/1.0" 400 255 "-" "-""#,
        // broken off
        r#"192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1""#,
    ];
    expect![[r#"
        web_access proxy 2026-03-01T09:00:00Z | class=4002 | -/success | product=webserver | service=webserver | user=alice | src=192.0.2.7 | message=GET /shop/list.php?id=1%20OR%201=1 HTTP/1.1
          c-ip = 192.0.2.7
          cs-username = alice
          cs-method = GET
          cs-uri-stem = /shop/list.php
          cs-uri-query = id=1%20OR%201=1
          cs-uri-query = /shop/list.php?id=1%20OR%201=1
          cs-version = HTTP/1.1
          request = GET /shop/list.php?id=1%20OR%201=1 HTTP/1.1
          sc-status = 200
          sc-bytes = 512
          cs-referer = https://example.com/
          cs-user-agent = Mozilla/5.0 (X11; Linux x86_64)

        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=webserver | service=webserver | src=2001:db8::7 | message=HEAD / HTTP/1.0
          c-ip = 2001:db8::7
          cs-method = HEAD
          cs-uri-stem = /
          cs-uri-query = /
          cs-version = HTTP/1.0
          request = HEAD / HTTP/1.0
          sc-status = 404

        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=webserver | service=webserver | src=192.0.2.7 | domain=shop.example.com | message=POST /login HTTP/2.0
          cs-host = shop.example.com
          c-ip = 192.0.2.7
          cs-method = POST
          cs-uri-stem = /login
          cs-uri-query = /login
          cs-version = HTTP/2.0
          request = POST /login HTTP/2.0
          sc-status = 302
          sc-bytes = 0

        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=webserver | service=webserver | src=192.0.2.7 | domain=shop.example.com | message=GET / HTTP/1.1
          cs-host = shop.example.com
          c-ip = 192.0.2.7
          request_id = a1b2c3
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = /
          cs-version = HTTP/1.1
          request = GET / HTTP/1.1
          sc-status = 200
          sc-bytes = 1

        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=webserver | service=webserver | src=198.51.100.9 | message=GET /\"x\" HTTP/1.1
          c-ip = 198.51.100.9
          cs-method = GET
          cs-uri-stem = /\"x\"
          cs-uri-query = /\"x\"
          cs-version = HTTP/1.1
          request = GET /\"x\" HTTP/1.1
          sc-status = 500
          sc-bytes = 17
          cs-user-agent = say \"hi\"
          x-forwarded-for = 192.0.2.7, 198.51.100.1
          extra = 0.012

        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=webserver | service=webserver | user=Al [x] Ice | message=GET / HTTP/1.1
          c-ip = pc7.example.com
          c-dns = pc7.example.com
          cs-username = Al [x] Ice
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = /
          cs-version = HTTP/1.1
          request = GET / HTTP/1.1
          sc-status = 401
          sc-bytes = 12

        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=webserver | service=webserver | src=192.0.2.7 | message=\x16\x03\x01
          c-ip = 192.0.2.7
          cs-uri-query = \x16\x03\x01
          request = \x16\x03\x01
          sc-status = 400
          sc-bytes = 157

        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=webserver | service=webserver | src=192.0.2.7 | domain=www.example.net | message=GET http://www.example.net:8080/ip HTTP/1.0
          c-ip = 192.0.2.7
          cs-method = GET
          cs-uri-stem = /ip
          cs-uri-query = http://www.example.net:8080/ip
          cs-version = HTTP/1.0
          request = GET http://www.example.net:8080/ip HTTP/1.0
          sc-status = 400
          sc-bytes = 255

        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/unknown | product=webserver | service=webserver | src=192.0.2.7 | message=GET / HTTP/1.1 | problem=no status after the request
          c-ip = 192.0.2.7
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = /
          cs-version = HTTP/1.1
          request = GET / HTTP/1.1
    "#]].assert_eq(&table(None, &lines));
}

#[test]
fn access_lines_in_syslog_have_their_server() {
    let lines = [
        r#"Mar  1 10:00:01 web1 nginx: 192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8""#,
        r#"Mar  1 10:00:01 web1 httpd[811]: 192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8""#,
        r#"Mar  1 10:00:01 web1 traefik[811]: 192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8""#,
    ];
    expect![[r#"
        nginx proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=nginx | service=nginx | host=web1 | src=192.0.2.7 | process=nginx | app=nginx | message=GET / HTTP/1.1
        apache proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=apache | service=apache | host=web1 | src=192.0.2.7 | process=httpd | pid=811 | app=httpd | message=GET / HTTP/1.1
        web_access proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=webserver | service=webserver | host=web1 | src=192.0.2.7 | process=traefik | pid=811 | app=traefik | message=GET / HTTP/1.1
    "#]].assert_eq(&summaries(None, &lines));
    let bare = [r#"192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8""#];
    expect![[r#"
        nginx proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=nginx | service=nginx | src=192.0.2.7 | message=GET / HTTP/1.1
        apache proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=apache | service=apache | src=192.0.2.7 | message=GET / HTTP/1.1
        dead malformed: expected Squid access log, native and combined
    "#]].assert_eq(&(summaries(Some("nginx"), &bare) + &summaries(Some("apache"), &bare) + &summaries(Some("squid"), &bare)));
}

#[test]
fn nginx_errors() {
    let lines = [
        r#"2026/03/01 10:00:00 [error] 811#812: *17 user "alice" was not found in "/etc/nginx/htpasswd", client: 192.0.2.7, server: _, request: "GET /admin?x=1 HTTP/1.1", host: "example.com:8443", referrer: "https://example.com/""#,
        r#"2026/03/01 10:00:00 [error] 811#812: *17 user "a, client: 203.0.113.9": password mismatch, client: 192.0.2.7, server: example.com, request: "GET / HTTP/1.1", host: "example.com""#,
        r#"2026/03/01 10:00:00 [error] 811#811: *18 open() "/var/www/html/x.php" failed (2: No such file or directory), client: 2001:db8::7, server: , request: "GET /x.php HTTP/2.0", upstream: "http://198.51.100.3:80/x.php", host: "example.com""#,
        r#"2026/03/01 10:00:00 [error] 811#811: *19 limiting requests, excess: 5.428 by zone "one", client: ::1, server: , request: "GET / HTTP/1.1", host: "example.com""#,
        r#"2026/03/01 10:00:00 [notice] 811#811: signal process started"#,
        r#"2026/03/01 10:00:00 [emerg] 811#811: bind() to 0.0.0.0:80 failed (98: Address already in use)"#,
        r#"2026/03/01 10:00:00 [info] 811#811: *20 ModSecurity: Warning. Matched "Operator `Rx'" against variable `ARGS:q' [file "/etc/crs/930.conf"] [line "29"] [id "930100"] [msg "Path Traversal Attack (/../)"] [severity "2"] [tag "attack-lfi"] [tag "OWASP_CRS"], client: 192.0.2.7, server: example.com, request: "GET /?q=../../x HTTP/1.1", host: "example.com""#,
        r#"<171>1 2026-03-01T10:00:00.000000+00:00 fw1.example.com nginx - - - 2026/03/01 09:59:59 [error] 24537#230441: *914 access forbidden by rule, client: 192.0.2.7, server: , request: "GET /.git HTTP/1.1", host: "fw1.example.com""#,
    ];
    expect![[r#"
        nginx proxy 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=nginx | service=nginx | user=alice | src=192.0.2.7 | pid=811 | domain=example.com | message=user "alice" was not found in "/etc/nginx/htpasswd"
          level = error
          connection = 17
          c-ip = 192.0.2.7
          server = _
          cs-referer = https://example.com/
          cs-host = example.com:8443
          cs-method = GET
          cs-uri-stem = /admin
          cs-uri-query = x=1
          cs-uri-query = /admin?x=1
          cs-version = HTTP/1.1
          request = GET /admin?x=1 HTTP/1.1
          cs-username = alice

        nginx proxy 2026-03-01T10:00:00Z | class=3002 | LL03/failure | product=nginx | service=nginx | user=a, client: 203.0.113.9 | src=192.0.2.7 | pid=811 | domain=example.com | message=user "a, client: 203.0.113.9": password mismatch
          level = error
          connection = 17
          c-ip = 192.0.2.7
          server = example.com
          cs-host = example.com
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = /
          cs-version = HTTP/1.1
          request = GET / HTTP/1.1
          cs-username = a, client: 203.0.113.9

        nginx proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=nginx | service=nginx | src=2001:db8::7 | pid=811 | file=/var/www/html/x.php | domain=example.com | message=open() "/var/www/html/x.php" failed (2: No such file or directory)
          level = error
          connection = 18
          c-ip = 2001:db8::7
          upstream = http://198.51.100.3:80/x.php
          cs-host = example.com
          cs-method = GET
          cs-uri-stem = /x.php
          cs-uri-query = /x.php
          cs-version = HTTP/2.0
          request = GET /x.php HTTP/2.0

        nginx proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=nginx | service=nginx | src=::1 | pid=811 | domain=example.com | message=limiting requests, excess: 5.428 by zone "one"
          level = error
          connection = 19
          c-ip = ::1
          cs-host = example.com
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = /
          cs-version = HTTP/1.1
          request = GET / HTTP/1.1

        nginx proxy 2026-03-01T10:00:00Z | class=6002 | -/unknown | product=nginx | service=nginx | pid=811 | message=signal process started
          level = notice

        nginx proxy 2026-03-01T10:00:00Z | class=6002 | -/unknown | product=nginx | service=nginx | pid=811 | message=bind() to 0.0.0.0:80 failed (98: Address already in use)
          level = emerg

        nginx proxy 2026-03-01T10:00:00Z | class=4002 | -/unknown | product=nginx | service=modsecurity | src=192.0.2.7 | pid=811 | domain=example.com | message=ModSecurity: Warning. Matched "Operator `Rx'" against variable `ARGS:q' [file "/etc/crs/930.conf"] [line "29"] [id "930100"] [msg "Path Traversal Attack (/../)"] [severity "2"] [tag "attack-lfi"] [tag "OWASP_CRS"]
          level = info
          connection = 20
          c-ip = 192.0.2.7
          server = example.com
          cs-host = example.com
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = q=../../x
          cs-uri-query = /?q=../../x
          cs-version = HTTP/1.1
          request = GET /?q=../../x HTTP/1.1
          file = /etc/crs/930.conf
          line = 29
          id = 930100
          msg = Path Traversal Attack (/../)
          severity = 2
          tag = attack-lfi
          tag = OWASP_CRS

        nginx proxy 2026-03-01T09:59:59Z | class=4002 | -/failure | product=nginx | service=nginx | host=fw1.example.com | src=192.0.2.7 | process=nginx | pid=24537 | domain=fw1.example.com | app=nginx | message=access forbidden by rule
          facility = local5
          severity = err
          hostname = fw1.example.com
          program = nginx
          appname = nginx
          message = 2026/03/01 09:59:59 [error] 24537#230441: *914 access forbidden by rule, client: 192.0.2.7, server: , request: "GET /.git HTTP/1.1", host: "fw1.example.com"
          level = error
          connection = 914
          c-ip = 192.0.2.7
          cs-host = fw1.example.com
          cs-method = GET
          cs-uri-stem = /.git
          cs-uri-query = /.git
          cs-version = HTTP/1.1
          request = GET /.git HTTP/1.1
    "#]].assert_eq(&table(None, &lines));
}

#[test]
fn apache_errors() {
    let lines = [
        "[Sun Mar 01 10:00:00 2026] [error] [client 192.0.2.7] File does not exist: /var/www/html/x.php, referer: http://example.com/",
        "[Sun Mar 01 10:00:00 2026] [notice] Apache/2.2.22 (Unix) configured -- resuming normal operations",
        "[Sun Mar 01 10:00:00.123456 2026] [auth_basic:error] [pid 811:tid 140001] [client 192.0.2.7:40000] AH01617: user alice: authentication failure for \"/admin\": Password Mismatch",
        "[Sun Mar 01 10:00:00.123456 2026] [auth_basic:error] [pid 811] [client 2001:db8::7:40000] AH01618: user a: b not found: /admin",
        "[Sun Mar 01 10:00:00.123456 2026] [authz_core:error] [pid 811:tid 140001] [client 192.0.2.7:40000] AH01630: client denied by server configuration: /var/www/html/server-status",
        "[Sun Mar 01 10:00:00.123456 2026] [core:error] [pid 811:tid 140001] (13)Permission denied: [client 192.0.2.7:40000] AH00035: access to / denied",
        "[Sun Mar 01 10:00:00.123456 2026] [:error] [pid 811:tid 140001] [client 192.0.2.7:40000] [client 192.0.2.7] ModSecurity: Access denied with code 403 (phase 2). Pattern match \"(?:^|[/])\" at ARGS:a. [file \"/etc/crs/930.conf\"] [line \"71\"] [id \"930110\"] [msg \"Path Traversal Attack (/../)\"] [severity \"CRITICAL\"]",
        "[Sun Mar 01 10:00:00.123456 2026] [mpm_event:notice] [pid 811:tid 140001] AH00491: caught SIGTERM, shutting down",
        "Mar  1 10:00:01 web1 apache2[811]: [auth_basic:error] [pid 812] [client 192.0.2.7:40000] AH01617: user bob: authentication failure for \"/\": Password Mismatch",
    ];
    expect![[r#"
        apache proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=apache | service=apache | src=192.0.2.7 | file=/var/www/html/x.php | message=File does not exist: /var/www/html/x.php
          level = error
          c-ip = 192.0.2.7
          cs-referer = http://example.com/

        apache proxy 2026-03-01T10:00:00Z | class=6002 | SS01/unknown | product=apache | service=apache | message=Apache/2.2.22 (Unix) configured -- resuming normal operations
          level = notice

        apache proxy 2026-03-01T10:00:00.123456Z | class=3002 | LL03/failure | product=apache | service=apache | user=alice | src=192.0.2.7 | pid=811 | message=AH01617: user alice: authentication failure for "/admin": Password Mismatch | src_port=40000
          module = auth_basic
          level = error
          pid = 811
          tid = 140001
          c-ip = 192.0.2.7
          error_id = AH01617
          cs-username = alice

        apache proxy 2026-03-01T10:00:00.123456Z | class=3002 | LL03/failure | product=apache | service=apache | user=a: b | src=2001:db8::7 | pid=811 | message=AH01618: user a: b not found: /admin | src_port=40000
          module = auth_basic
          level = error
          pid = 811
          c-ip = 2001:db8::7
          error_id = AH01618
          cs-username = a: b

        apache proxy 2026-03-01T10:00:00.123456Z | class=4002 | -/failure | product=apache | service=apache | src=192.0.2.7 | pid=811 | file=/var/www/html/server-status | message=AH01630: client denied by server configuration: /var/www/html/server-status | src_port=40000
          module = authz_core
          level = error
          pid = 811
          tid = 140001
          c-ip = 192.0.2.7
          error_id = AH01630

        apache proxy 2026-03-01T10:00:00.123456Z | class=4002 | -/unknown | product=apache | service=apache | src=192.0.2.7 | pid=811 | message=(13)Permission denied: [client 192.0.2.7:40000] AH00035: access to / denied | src_port=40000
          module = core
          level = error
          pid = 811
          tid = 140001
          c-ip = 192.0.2.7

        apache proxy 2026-03-01T10:00:00.123456Z | class=4002 | -/failure | product=apache | service=modsecurity | src=192.0.2.7 | pid=811 | message=ModSecurity: Access denied with code 403 (phase 2). Pattern match "(?:^|[/])" at ARGS:a. [file "/etc/crs/930.conf"] [line "71"] [id "930110"] [msg "Path Traversal Attack (/../)"] [severity "CRITICAL"] | src_port=40000
          level = error
          pid = 811
          tid = 140001
          c-ip = 192.0.2.7
          file = /etc/crs/930.conf
          line = 71
          id = 930110
          msg = Path Traversal Attack (/../)
          severity = CRITICAL

        apache proxy 2026-03-01T10:00:00.123456Z | class=6002 | SS02/unknown | product=apache | service=apache | pid=811 | message=AH00491: caught SIGTERM, shutting down
          module = mpm_event
          level = notice
          pid = 811
          tid = 140001
          error_id = AH00491

        apache proxy 2026-03-01T10:00:01Z | class=3002 | LL03/failure | product=apache | service=apache | host=web1 | user=bob | src=192.0.2.7 | process=apache2 | pid=812 | app=apache2 | message=AH01617: user bob: authentication failure for "/": Password Mismatch | src_port=40000
          hostname = web1
          program = apache2
          pid = 811
          message = [auth_basic:error] [pid 812] [client 192.0.2.7:40000] AH01617: user bob: authentication failure for "/": Password Mismatch
          module = auth_basic
          level = error
          pid = 812
          c-ip = 192.0.2.7
          error_id = AH01617
          cs-username = bob
    "#]].assert_eq(&table(None, &lines));
}

#[test]
fn squid_lines() {
    let lines = [
        "1772359200.123    345 192.0.2.7 TCP_MISS/200 4521 GET http://www.example.com/dir/a.zip?x=1 alice HIER_DIRECT/203.0.113.9 application/zip",
        "1772359200.123  60012 2001:db8::7 TCP_TUNNEL/200 8120 CONNECT www.example.net:8443 - HIER_DIRECT/2001:db8::9 -",
        "1772359200.123      0 192.0.2.7 TCP_DENIED/403 3900 GET http://bad.example.org/ - HIER_NONE/- text/html",
        "1772359200.123      0 192.0.2.7 TCP_DENIED/407 3900 CONNECT www.example.com:443 - HIER_NONE/- text/html",
        "1772359200.123     12 pc7.example.com NONE_NONE/000 0 GET http://www.example.com/a b c - HIER_NONE/- -",
        "1772359200.123     12 192.0.2.7 TCP_MISS/200",
        r#"192.0.2.7 - alice [01/Mar/2026:10:00:00 +0000] "GET http://www.example.com/a.exe HTTP/1.1" 200 4521 "-" "Mozilla/5.0" TCP_MISS:HIER_DIRECT"#,
        "Mar  1 10:00:01 px1 (squid-1): 1772359200.123    345 192.0.2.7 TCP_HIT/304 0 GET http://www.example.com/ - HIER_NONE/- text/html",
    ];
    expect![[r#"
        squid proxy 2026-03-01T10:00:00.123Z | class=4002 | -/success | product=squid | service=squid | user=alice | src=192.0.2.7 | dst=203.0.113.9 | domain=www.example.com | message=http://www.example.com/dir/a.zip?x=1
          time-taken = 345
          c-ip = 192.0.2.7
          src_ip = 192.0.2.7
          sc-status = 200
          squid_action = TCP_MISS
          action = allowed
          sc-bytes = 4521
          cs-method = GET
          cs-uri-stem = /dir/a.zip
          c-uri = http://www.example.com/dir/a.zip?x=1
          cs-uri = http://www.example.com/dir/a.zip?x=1
          cs-host = www.example.com
          r-dns = www.example.com
          c-uri-stem = /dir/a.zip
          c-uri-query = x=1
          c-uri-extension = zip
          cs-username = alice
          hierarchy = HIER_DIRECT
          dst_ip = 203.0.113.9
          sc-content-type = application/zip

        squid proxy 2026-03-01T10:00:00.123Z | class=4002 | -/success | product=squid | service=squid | src=2001:db8::7 | dst=2001:db8::9 | domain=www.example.net | message=www.example.net:8443 | dst_port=8443
          time-taken = 60012
          c-ip = 2001:db8::7
          src_ip = 2001:db8::7
          sc-status = 200
          squid_action = TCP_TUNNEL
          action = allowed
          sc-bytes = 8120
          cs-method = CONNECT
          c-uri = www.example.net:8443
          cs-uri = www.example.net:8443
          cs-host = www.example.net
          r-dns = www.example.net
          hierarchy = HIER_DIRECT
          dst_ip = 2001:db8::9

        squid proxy 2026-03-01T10:00:00.123Z | class=4002 | -/failure | product=squid | service=squid | src=192.0.2.7 | domain=bad.example.org | message=http://bad.example.org/
          time-taken = 0
          c-ip = 192.0.2.7
          src_ip = 192.0.2.7
          sc-status = 403
          squid_action = TCP_DENIED
          action = denied
          sc-bytes = 3900
          cs-method = GET
          cs-uri-stem = /
          c-uri = http://bad.example.org/
          cs-uri = http://bad.example.org/
          cs-host = bad.example.org
          r-dns = bad.example.org
          c-uri-stem = /
          hierarchy = HIER_NONE
          sc-content-type = text/html

        squid proxy 2026-03-01T10:00:00.123Z | class=4002 | -/failure | product=squid | service=squid | src=192.0.2.7 | domain=www.example.com | message=www.example.com:443 | dst_port=443
          time-taken = 0
          c-ip = 192.0.2.7
          src_ip = 192.0.2.7
          sc-status = 407
          squid_action = TCP_DENIED
          action = denied
          sc-bytes = 3900
          cs-method = CONNECT
          c-uri = www.example.com:443
          cs-uri = www.example.com:443
          cs-host = www.example.com
          r-dns = www.example.com
          hierarchy = HIER_NONE
          sc-content-type = text/html

        squid proxy 2026-03-01T10:00:00.123Z | class=4002 | -/unknown | product=squid | service=squid | domain=www.example.com | message=http://www.example.com/a b c
          time-taken = 12
          c-ip = pc7.example.com
          c-dns = pc7.example.com
          sc-status = 000
          squid_action = NONE_NONE
          sc-bytes = 0
          cs-method = GET
          cs-uri-stem = /a b c
          c-uri = http://www.example.com/a b c
          cs-uri = http://www.example.com/a b c
          cs-host = www.example.com
          r-dns = www.example.com
          c-uri-stem = /a b c
          hierarchy = HIER_NONE

        squid proxy 2026-03-01T10:00:00.123Z | class=4002 | -/success | product=squid | service=squid | src=192.0.2.7 | problem=the line breaks off after the status
          time-taken = 12
          c-ip = 192.0.2.7
          src_ip = 192.0.2.7
          sc-status = 200
          squid_action = TCP_MISS
          action = allowed

        squid proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=squid | service=squid | user=alice | src=192.0.2.7 | domain=www.example.com | message=http://www.example.com/a.exe
          c-ip = 192.0.2.7
          cs-username = alice
          cs-method = GET
          cs-uri-stem = /a.exe
          cs-uri-query = http://www.example.com/a.exe
          cs-version = HTTP/1.1
          request = GET http://www.example.com/a.exe HTTP/1.1
          sc-status = 200
          sc-bytes = 4521
          cs-user-agent = Mozilla/5.0
          extra = TCP_MISS:HIER_DIRECT
          c-uri = http://www.example.com/a.exe
          cs-uri = http://www.example.com/a.exe
          cs-host = www.example.com
          r-dns = www.example.com
          c-uri-stem = /a.exe
          c-uri-extension = exe
          squid_action = TCP_MISS
          action = allowed

        squid proxy 2026-03-01T10:00:00.123Z | class=4002 | -/success | product=squid | service=squid | host=px1 | src=192.0.2.7 | process=(squid-1) | domain=www.example.com | app=(squid-1) | message=http://www.example.com/
          hostname = px1
          program = (squid-1)
          message = 1772359200.123    345 192.0.2.7 TCP_HIT/304 0 GET http://www.example.com/ - HIER_NONE/- text/html
          time-taken = 345
          c-ip = 192.0.2.7
          src_ip = 192.0.2.7
          sc-status = 304
          squid_action = TCP_HIT
          action = allowed
          sc-bytes = 0
          cs-method = GET
          cs-uri-stem = /
          c-uri = http://www.example.com/
          cs-uri = http://www.example.com/
          cs-host = www.example.com
          r-dns = www.example.com
          c-uri-stem = /
          hierarchy = HIER_NONE
          sc-content-type = text/html
    "#]].assert_eq(&table(None, &lines));
}

#[test]
fn haproxy_lines() {
    let lines = [
        r#"Mar  1 10:00:01 lb1 haproxy[811]: 192.0.2.7:40000 [01/Mar/2026:10:00:00.123] https-in~ web/web1 0/0/1/12/13 200 739 - - ---- 5/5/1/1/0 0/0 "GET /login?next=/ HTTP/1.1""#,
        r#"192.0.2.7:40000 [01/Mar/2026:10:00:00.123] fe be/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0 {www.example.com|curl/8} {} "GET / HTTP/1.1""#,
        r#"::ffff:192.0.2.7:40000 [01/Mar/2026:10:00:00.123] tls~ web/web1 0/0/1/12/13 200 739 - - ---- 5/5/1/1/0 0/0 "GET https://www.example.com/ HTTP/2.0" 0/0/0/0/0 www.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384"#,
        "2001:db8::7:40000 [01/Mar/2026:10:00:00.123] db pg/pg1 1/0/5007 212 -- 0/0/0/0/3 0/0",
        "192.0.2.7:40000 [01/Mar/2026:10:00:00.123] db pg/pg1 1/-1/5007 212 cD 0/0/0/0/3 0/0",
        "192.0.2.7:40000 [01/Mar/2026:10:00:00.123] https-in/1: SSL handshake failure",
        r#"192.0.2.7:40000 [01/Mar/2026:10:00:00.123] fe be/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>""#,
        r#"192.0.2.7:40000 [01/Mar/2026:10:00:00.123] fe be/web1 1/2/3/4/5 200 12 - - ---- 1/1/0/0/0 0/0 "GET /long"#,
        "Mar  1 10:00:01 lb1 haproxy[811]: Server web/web1 is DOWN, reason: Layer4 timeout.",
    ];
    expect![[r#"
        haproxy proxy 2026-03-01T10:00:00.123Z | class=4002 | -/success | product=haproxy | service=haproxy | host=lb1 | src=192.0.2.7 | process=haproxy | pid=811 | app=web | message=GET /login?next=/ HTTP/1.1 | src_port=40000
          hostname = lb1
          program = haproxy
          pid = 811
          message = 192.0.2.7:40000 [01/Mar/2026:10:00:00.123] https-in~ web/web1 0/0/1/12/13 200 739 - - ---- 5/5/1/1/0 0/0 "GET /login?next=/ HTTP/1.1"
          c-ip = 192.0.2.7
          frontend = https-in
          backend = web
          server = web1
          timers = 0/0/1/12/13
          time-taken = 13
          sc-status = 200
          sc-bytes = 739
          termination_state = ----
          connections = 5/5/1/1/0
          queues = 0/0
          cs-method = GET
          cs-uri-stem = /login
          cs-uri-query = next=/
          cs-uri-query = /login?next=/
          cs-version = HTTP/1.1
          request = GET /login?next=/ HTTP/1.1

        haproxy proxy 2026-03-01T10:00:00.123Z | class=4002 | -/failure | product=haproxy | service=haproxy | src=192.0.2.7 | app=be | message=GET / HTTP/1.1 | src_port=40000
          c-ip = 192.0.2.7
          frontend = fe
          backend = be
          server = <NOSRV>
          timers = 0/-1/-1/-1/0
          time-taken = 0
          sc-status = 503
          sc-bytes = 217
          termination_state = SC--
          connections = 1/1/0/0/0
          queues = 0/0
          captured_headers = {www.example.com|curl/8} {}
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = /
          cs-version = HTTP/1.1
          request = GET / HTTP/1.1

        haproxy proxy 2026-03-01T10:00:00.123Z | class=4002 | -/success | product=haproxy | service=haproxy | src=192.0.2.7 | domain=www.example.com | app=web | message=GET https://www.example.com/ HTTP/2.0 | src_port=40000
          c-ip = 192.0.2.7
          frontend = tls
          backend = web
          server = web1
          timers = 0/0/1/12/13
          time-taken = 13
          sc-status = 200
          sc-bytes = 739
          termination_state = ----
          connections = 5/5/1/1/0
          queues = 0/0
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = https://www.example.com/
          cs-version = HTTP/2.0
          request = GET https://www.example.com/ HTTP/2.0
          tls_errors = 0/0/0/0/0
          tls_sni = www.example.com
          tls_version = TLSv1.3
          tls_cipher = TLS_AES_256_GCM_SHA384

        haproxy proxy 2026-03-01T10:00:00.123Z | class=4001 | -/success | product=haproxy | service=haproxy | src=2001:db8::7 | app=pg | src_port=40000
          c-ip = 2001:db8::7
          frontend = db
          backend = pg
          server = pg1
          timers = 1/0/5007
          time-taken = 5007
          sc-bytes = 212
          termination_state = --
          connections = 0/0/0/0/3
          queues = 0/0

        haproxy proxy 2026-03-01T10:00:00.123Z | class=4001 | -/failure | product=haproxy | service=haproxy | src=192.0.2.7 | app=pg | src_port=40000
          c-ip = 192.0.2.7
          frontend = db
          backend = pg
          server = pg1
          timers = 1/-1/5007
          time-taken = 5007
          sc-bytes = 212
          termination_state = cD
          connections = 0/0/0/0/3
          queues = 0/0

        haproxy proxy 2026-03-01T10:00:00.123Z | class=4001 | -/failure | product=haproxy | service=haproxy | src=192.0.2.7 | message=SSL handshake failure | src_port=40000
          c-ip = 192.0.2.7
          frontend = https-in/1

        haproxy proxy 2026-03-01T10:00:00.123Z | class=4002 | -/failure | product=haproxy | service=haproxy | src=192.0.2.7 | app=be | message=<BADREQ> | src_port=40000
          c-ip = 192.0.2.7
          frontend = fe
          backend = be
          server = <NOSRV>
          timers = -1/-1/-1/-1/0
          time-taken = 0
          sc-status = 400
          sc-bytes = 0
          termination_state = PR--
          connections = 1/1/0/0/0
          queues = 0/0
          request = <BADREQ>

        haproxy proxy 2026-03-01T10:00:00.123Z | class=4002 | -/success | product=haproxy | service=haproxy | src=192.0.2.7 | app=be | message=GET /long | src_port=40000
          c-ip = 192.0.2.7
          frontend = fe
          backend = be
          server = web1
          timers = 1/2/3/4/5
          time-taken = 5
          sc-status = 200
          sc-bytes = 12
          termination_state = ----
          connections = 1/1/0/0/0
          queues = 0/0
          cs-method = GET
          cs-uri-stem = /long
          cs-uri-query = /long
          request = GET /long

        syslog linux 2026-03-01T10:00:01Z | class=0 | -/unknown | product=linux | service=syslog | host=lb1 | process=haproxy | pid=811 | app=haproxy | message=Server web/web1 is DOWN, reason: Layer4 timeout.
          hostname = lb1
          program = haproxy
          pid = 811
          message = Server web/web1 is DOWN, reason: Layer4 timeout.
    "#]].assert_eq(&table(None, &lines));
}

#[test]
fn w3c_lines() {
    let lines = [
        "2026-03-01 10:00:00 198.51.100.2 GET /default.aspx id=1 443 EXAMPLE\\alice 192.0.2.7 Mozilla/5.0+(X11) https://example.com/ 401 1 2148074254 15",
        "2026-03-01 10:00:00 2001:db8::2 POST /ews/exchange.asmx - 443 - 2001:db8::7 python-requests/2.31 - 200 0 0 31 192.0.2.7",
        "2026-03-01 10:00:00 198.51.100.2 GET / - 80 - 192.0.2.7 Mozilla/4.0 200 0 0",
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
        "#Date: 2026-03-01 10:00:00",
        "2026-03-01 10:00:00 a line that only begins like one",
    ];
    expect![[r#"
        w3c proxy 2026-03-01T10:00:00Z | class=4002 | -/failure | product=iis | service=iis | user=EXAMPLE\alice | src=192.0.2.7 | dst=198.51.100.2 | message=/default.aspx | dst_port=443
          s-ip = 198.51.100.2
          cs-method = GET
          cs-uri-stem = /default.aspx
          cs-uri-query = id=1
          cs-uri-query = /default.aspx
          s-port = 443
          cs-username = EXAMPLE\alice
          c-ip = 192.0.2.7
          cs-user-agent = Mozilla/5.0+(X11)
          cs-referer = https://example.com/
          sc-status = 401
          sc-substatus = 1
          sc-win32-status = 2148074254
          time-taken = 15

        w3c proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=iis | service=iis | src=2001:db8::7 | dst=2001:db8::2 | message=/ews/exchange.asmx | dst_port=443
          s-ip = 2001:db8::2
          cs-method = POST
          cs-uri-stem = /ews/exchange.asmx
          cs-uri-query = /ews/exchange.asmx
          s-port = 443
          c-ip = 2001:db8::7
          cs-user-agent = python-requests/2.31
          sc-status = 200
          sc-substatus = 0
          sc-win32-status = 0
          time-taken = 31
          extra = 192.0.2.7

        w3c proxy 2026-03-01T10:00:00Z | class=4002 | -/success | product=iis | service=iis | src=192.0.2.7 | dst=198.51.100.2 | message=/ | dst_port=80 | problem=other fields than IIS's default ones, their order taken as usual
          s-ip = 198.51.100.2
          cs-method = GET
          cs-uri-stem = /
          cs-uri-query = /
          s-port = 80
          c-ip = 192.0.2.7
          cs-user-agent = Mozilla/4.0
          sc-status = 200

        w3c proxy 2026-03-01T12:00:00Z | class=0 | -/unknown | product=iis | service=iis | message=#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken | problem=no time in the record, arrival time taken
          directive = #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken

        w3c proxy 2026-03-01T10:00:00Z | class=0 | -/unknown | product=iis | service=iis | message=#Date: 2026-03-01 10:00:00
          directive = #Date: 2026-03-01 10:00:00

        text linux 2026-03-01T10:00:00Z | class=0 | -/unknown | message=2026-03-01 10:00:00 a line that only begins like one | problem=no known format, kept as text
          message = 2026-03-01 10:00:00 a line that only begins like one
    "#]].assert_eq(&table(None, &lines));
}
