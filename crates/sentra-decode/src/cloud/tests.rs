//! Invented records in the shapes of the products, and what the decoder makes of them.

use expect_test::{Expect, expect};

use crate::test_kit::{decode, full, source, summary};

/// Decodes every record and compares the headers.
fn check(records: &[&str], expected: Expect) {
    let source = source(None);
    let lines: Vec<_> = records.iter().map(|record| summary(&decode(&source, record.as_bytes()))).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// Decodes one record and compares header and fields.
fn check_full(record: &str, expected: Expect) {
    let source = source(None);
    expected.assert_eq(&full(&decode(&source, record.as_bytes())));
}

#[test]
fn azure_activity() {
    check(
        &[
            r#"{"time":"2026-02-28T10:00:00.1234567Z","resourceId":"/SUBSCRIPTIONS/S1/RESOURCEGROUPS/G","operationName":"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE","category":"Administrative","resultType":"Start","callerIpAddress":"192.0.2.7","correlationId":"c1","identity":{"claims":{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn":"alice@example.com"}},"level":"Information"}"#,
            r#"{"time":"2026-02-28T10:00:01Z","resourceId":"/SUBSCRIPTIONS/S1/RESOURCEGROUPS/G","operationName":"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE","category":"Administrative","resultType":"Success","resultSignature":"Succeeded.Created","callerIpAddress":"192.0.2.7:50111","correlationId":"c1","identity":{"claims":{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn":"alice@example.com"}},"level":"Information"}"#,
            r#"{"eventTimestamp":"2026-02-28T10:00:02Z","caller":"bob@example.com","operationName":{"value":"Microsoft.Compute/virtualMachines/runCommand/action","localizedValue":"Run Command on Virtual Machine"},"category":{"value":"Administrative"},"status":{"value":"Failed"},"level":"Error","resourceId":"/subscriptions/s1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web1","httpRequest":{"clientIpAddress":"2001:db8::7"},"resourceProviderName":{"value":"Microsoft.Compute"}}"#,
            r#"{"TimeGenerated":"2026-02-28T10:00:03Z","OperationNameValue":"Microsoft.ADHybridHealthService/services/delete","CategoryValue":"Administrative","ResourceProviderValue":"Microsoft.ADHybridHealthService","ResourceId":"/providers/Microsoft.ADHybridHealthService/services/AdFederationService-x","ActivityStatusValue":"Success","Caller":"alice@example.com","CallerIpAddress":"192.0.2.7"}"#,
            r#"{"time":"2026-02-28T10:00:04Z","category":"StorageRead","operationName":"GetBlob","callerIpAddress":"192.0.2.7:4000","statusCode":200}"#,
        ],
        expect![[r#"
            azure_activity cloud 2026-02-28T10:00:00.123456Z | class=6003 | -/unknown | product=azure | service=activitylogs | user=alice@example.com | src=192.0.2.7 | command=MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE | session=c1 | file=/SUBSCRIPTIONS/S1/RESOURCEGROUPS/G | app=MICROSOFT.AUTHORIZATION
            azure_activity cloud 2026-02-28T10:00:01Z | class=6003 | SA05/success | product=azure | service=activitylogs | user=alice@example.com | src=192.0.2.7 | command=MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE | session=c1 | file=/SUBSCRIPTIONS/S1/RESOURCEGROUPS/G | app=MICROSOFT.AUTHORIZATION | src_port=50111
            azure_activity cloud 2026-02-28T10:00:02Z | class=6003 | PA02/failure | product=azure | service=activitylogs | user=bob@example.com | src=2001:db8::7 | command=Microsoft.Compute/virtualMachines/runCommand/action | file=/subscriptions/s1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web1 | app=Microsoft.Compute | message=Run Command on Virtual Machine
            azure_activity cloud 2026-02-28T10:00:03Z | class=6003 | -/success | product=azure | service=activitylogs | user=alice@example.com | src=192.0.2.7 | command=Microsoft.ADHybridHealthService/services/delete | file=/providers/Microsoft.ADHybridHealthService/services/AdFederationService-x | app=Microsoft.ADHybridHealthService
            azure_activity cloud 2026-02-28T10:00:04Z | class=6003 | -/success | product=azure | service=activitylogs | src=192.0.2.7 | command=GetBlob | src_port=4000"#]],
    );
}

#[test]
fn gcp_audit() {
    check(
        &[
            r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{"principalEmail":"alice@example.com"},"requestMetadata":{"callerIp":"192.0.2.7"},"serviceName":"cloudresourcemanager.googleapis.com","methodName":"SetIamPolicy","resourceName":"projects/example","serviceData":{"policyDelta":{"bindingDeltas":[{"action":"ADD","role":"roles/owner","member":"user:mallory@example.net"}]}}},"resource":{"type":"project","labels":{"project_id":"example"}},"timestamp":"2026-02-28T10:00:00.5Z","severity":"NOTICE","insertId":"i1"}"#,
            r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","status":{"code":7,"message":"Permission denied"},"authenticationInfo":{"principalEmail":"bob@example.com"},"requestMetadata":{"callerIp":"2001:db8::7"},"serviceName":"iam.googleapis.com","methodName":"google.iam.admin.v1.CreateServiceAccountKey"},"timestamp":"2026-02-28T10:00:01Z","severity":"ERROR"}"#,
            r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{"principalEmail":"bob@example.com"},"serviceName":"compute.googleapis.com","methodName":"v1.compute.firewalls.insert"},"operation":{"id":"o1","first":true},"timestamp":"2026-02-28T10:00:02Z","severity":"NOTICE"}"#,
            r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{"principalEmail":"bob@example.com"},"serviceName":"compute.googleapis.com","methodName":"v1.compute.firewalls.insert"},"operation":{"id":"o1","last":true},"timestamp":"2026-02-28T10:00:03Z","severity":"NOTICE"}"#,
            r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authenticationInfo":{"principalEmail":"carol@example.com"},"requestMetadata":{"callerIp":"192.0.2.8"},"serviceName":"login.googleapis.com","methodName":"google.login.LoginService.loginFailure","metadata":{"event":[{"eventName":"login_failure","eventType":"login","parameter":[{"name":"login_type","value":"google_password"}]}]}},"timestamp":"2026-02-28T10:00:04Z","severity":"NOTICE"}"#,
            r#"{"protoPayload":{"methodName":"io.k8s.core.v1.pods.exec.create","authenticationInfo":{"principalEmail":"dave@example.com"},"serviceName":"k8s.io"}}"#,
        ],
        expect![[r#"
            gcp_audit cloud 2026-02-28T10:00:00.5Z | class=3006 | SA05/success | product=gcp | service=gcp.audit | host=example | user=alice@example.com | target=mallory@example.net | src=192.0.2.7 | command=SetIamPolicy | session=i1 | file=projects/example | app=cloudresourcemanager.googleapis.com
            gcp_audit cloud 2026-02-28T10:00:01Z | class=3001 | PA02/failure | product=gcp | service=gcp.audit | user=bob@example.com | src=2001:db8::7 | command=google.iam.admin.v1.CreateServiceAccountKey | app=iam.googleapis.com | message=Permission denied
            gcp_audit cloud 2026-02-28T10:00:02Z | class=6003 | -/success | product=gcp | service=gcp.audit | user=bob@example.com | command=v1.compute.firewalls.insert | session=o1 | app=compute.googleapis.com
            gcp_audit cloud 2026-02-28T10:00:03Z | class=6003 | CC02/success | product=gcp | service=gcp.audit | user=bob@example.com | command=v1.compute.firewalls.insert | session=o1 | app=compute.googleapis.com
            gcp_audit cloud 2026-02-28T10:00:04Z | class=3002 | LL03/failure | product=gcp | service=google_workspace.login | user=carol@example.com | src=192.0.2.8 | command=google.login.LoginService.loginFailure | app=login.googleapis.com
            gcp_audit cloud 2026-03-01T12:00:00Z | class=6003 | AO01/success | product=gcp | service=gcp.audit | user=dave@example.com | command=io.k8s.core.v1.pods.exec.create | app=k8s.io | problem=no time in the record, arrival time taken"#]],
    );
}

#[test]
fn gcp_second_names() {
    check_full(
        r#"{"protopayload":{"methodName":"v1.compute.firewalls.delete","serviceName":"compute.googleapis.com","authenticationInfo":{"principalEmail":"alice@example.com"}},"logname":"projects/example/logs/x","timestamp":"2026-02-28T10:00:00Z"}"#,
        expect![[r#"
            gcp_audit cloud 2026-02-28T10:00:00Z | class=6003 | CC02/success | product=gcp | service=gcp.audit | user=alice@example.com | command=v1.compute.firewalls.delete | app=compute.googleapis.com
              protopayload.methodName = v1.compute.firewalls.delete
              protopayload.serviceName = compute.googleapis.com
              protopayload.authenticationInfo.principalEmail = alice@example.com
              logname = projects/example/logs/x
              timestamp = 2026-02-28T10:00:00Z
              protoPayload.methodName = v1.compute.firewalls.delete
              protoPayload.serviceName = compute.googleapis.com
              protoPayload.Servicename = compute.googleapis.com
              gcp.audit.method_name = v1.compute.firewalls.delete
              gcp.audit.service_name = compute.googleapis.com
              data.protoPayload.methodName = v1.compute.firewalls.delete
              data.protoPayload.serviceName = compute.googleapis.com
              data.protoPayload.logName = projects/example/logs/x
              logName = projects/example/logs/x"#]],
    );
}

#[test]
fn microsoft_365() {
    check(
        &[
            r#"{"CreationTime":"2026-02-28T10:00:00","Id":"1","Operation":"Set-Mailbox","OrganizationId":"o","RecordType":1,"ResultStatus":"True","UserId":"alice@example.com","Workload":"Exchange","ClientIP":"[2001:db8::7]:50123","ObjectId":"bob","Parameters":[{"Name":"ForwardingSmtpAddress","Value":"smtp:mallory@example.net"}]}"#,
            r#"{"CreationTime":"2026-02-28T10:00:01","Id":"2","Operation":"UserLoginFailed","OrganizationId":"o","RecordType":15,"ResultStatus":"Failed","UserId":"bob@example.com","Workload":"AzureActiveDirectory","ClientIP":"192.0.2.7","LogonError":"InvalidUserNameOrPassword"}"#,
            r#"{"CreationTime":"2026-02-28T10:00:02","Id":"3","Operation":"UserLoggedIn","RecordType":15,"ResultStatus":"Success","UserId":"bob@example.com","Workload":"AzureActiveDirectory","ClientIP":"192.0.2.7","ApplicationId":"a1","ExtendedProperties":[{"Name":"RequestType","Value":"OAuth2:Token"}]}"#,
            r#"{"CreationTime":"2026-02-28T10:00:03","Id":"4","Operation":"Add member to role.","RecordType":8,"ResultStatus":"Success","UserId":"alice@example.com","ObjectId":"bob@example.com","Workload":"AzureActiveDirectory"}"#,
            r#"{"CreationTime":"2026-02-28T10:00:04","Id":"5","Operation":"AlertTriggered","RecordType":40,"UserId":"SecurityComplianceAlerts","Workload":"SecurityComplianceCenter","Name":"Impossible travel activity","Severity":"High"}"#,
            r#"{"CreationDate":"2026-02-28T10:00:05Z","UserIds":"carol@example.com","Operations":"FileDownloaded","RecordType":"SharePointFileOperation","AuditData":"{\"CreationTime\":\"2026-02-28T10:00:05\",\"Operation\":\"FileDownloaded\",\"RecordType\":6,\"UserId\":\"carol@example.com\",\"Workload\":\"SharePoint\",\"ClientIP\":\"192.0.2.9\",\"ObjectId\":\"https://example.com/a.docx\"}"}"#,
            r#"{"CreationDate":"2026-02-28T10:00:06Z","UserIds":"carol@example.com","Operations":"FileDeleted","RecordType":"SharePointFileOperation","AuditData":"cut off {"}"#,
        ],
        expect![[r#"
            microsoft_365 cloud 2026-02-28T10:00:00Z | class=6003 | CC01/success | product=m365 | service=exchange | user=alice@example.com | src=2001:db8::7 | command=Set-Mailbox | file=bob | app=Exchange | src_port=50123
            microsoft_365 cloud 2026-02-28T10:00:01Z | class=3002 | LL03/failure | product=m365 | service=audit | user=bob@example.com | src=192.0.2.7 | command=UserLoginFailed | app=AzureActiveDirectory | message=InvalidUserNameOrPassword
            microsoft_365 cloud 2026-02-28T10:00:02Z | class=3002 | LL01/success | product=m365 | service=audit | user=bob@example.com | src=192.0.2.7 | command=UserLoggedIn | app=AzureActiveDirectory
            microsoft_365 cloud 2026-02-28T10:00:03Z | class=3006 | SA05/success | product=m365 | service=audit | user=alice@example.com | target=bob@example.com | command=Add member to role. | file=bob@example.com | app=AzureActiveDirectory
            microsoft_365 cloud 2026-02-28T10:00:04Z | class=6003 | -/success | product=m365 | service=threat_management | user=SecurityComplianceAlerts | command=AlertTriggered | app=SecurityComplianceCenter | message=Impossible travel activity
            microsoft_365 cloud 2026-02-28T10:00:05Z | class=6003 | -/success | product=m365 | service=audit | user=carol@example.com | src=192.0.2.9 | command=FileDownloaded | file=https://example.com/a.docx | app=SharePoint
            microsoft_365 cloud 2026-02-28T10:00:06Z | class=6003 | -/success | product=m365 | service=audit | user=carol@example.com | command=FileDeleted | problem=AuditData is no JSON object, kept as text"#]],
    );
    check_full(
        r#"{"CreationTime":"2026-02-28T10:00:00","Operation":"New-InboxRule","RecordType":1,"ResultStatus":"True","UserId":"alice@example.com","Workload":"Exchange","Parameters":[{"Name":"ForwardTo","Value":"mallory@example.net"},{"Name":"Name","Value":"."}]}"#,
        expect![[r#"
            microsoft_365 cloud 2026-02-28T10:00:00Z | class=6003 | CC01/success | product=m365 | service=exchange | user=alice@example.com | command=New-InboxRule | app=Exchange
              CreationTime = 2026-02-28T10:00:00
              Operation = New-InboxRule
              RecordType = 1
              ResultStatus = True
              UserId = alice@example.com
              Workload = Exchange
              Parameters.Name = ForwardTo
              Parameters.Value = mallory@example.net
              Parameters.Name = Name
              Parameters.Value = .
              Parameters = ForwardTo
              Parameters = mallory@example.net
              Parameters = Name
              Parameters = .
              eventSource = Exchange
              Parameters.ForwardTo = mallory@example.net
              Parameters.Name = .
              eventName = New-InboxRule
              status = success"#]],
    );
}

#[test]
fn github_audit() {
    check(
        &[
            r#"{"@timestamp":1772272800000,"action":"org.update_member","actor":"alice","actor_ip":"2001:db8::7","user":"bob","org":"example","permission":"admin"}"#,
            r#"{"@timestamp":1772272801000,"action":"secret_scanning.disable","actor":"alice","org":"example","repo":"example/shop"}"#,
            r#"{"@timestamp":1772272802000,"action":"protected_branch.policy_override","actor":"alice","org":"example","repo":"example/shop"}"#,
            r#"{"action":"user.failed_login","actor":"mallory","actor_ip":"192.0.2.7","business":"example"}"#,
            r#"{"@timestamp":1772272804000,"action":"git.clone","actor":"alice","repo":"example/shop"}"#,
        ],
        expect![[r#"
            github_audit cloud 2026-02-28T10:00:00Z | class=3006 | SA05/success | product=github | service=audit | user=alice | target=bob | src=2001:db8::7 | command=org.update_member | app=example
            github_audit cloud 2026-02-28T10:00:01Z | class=6003 | CC02/success | product=github | service=audit | user=alice | command=secret_scanning.disable | file=example/shop | app=example
            github_audit cloud 2026-02-28T10:00:02Z | class=6003 | AO03/success | product=github | service=audit | user=alice | command=protected_branch.policy_override | file=example/shop | app=example
            github_audit cloud 2026-03-01T12:00:00Z | class=3002 | LL03/failure | product=github | service=audit | user=mallory | src=192.0.2.7 | command=user.failed_login | file=example | app=example | problem=no time in the record, arrival time taken
            github_audit cloud 2026-02-28T10:00:04Z | class=6003 | -/success | product=github | service=audit | user=alice | command=git.clone | file=example/shop"#]],
    );
}

#[test]
fn kubernetes_audit() {
    check(
        &[
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"ResponseStarted","requestURI":"/api/v1/namespaces/shop/pods/p/exec?command=sh","verb":"create","user":{"username":"alice","groups":["system:authenticated"]},"sourceIPs":["192.0.2.7","198.51.100.2"],"objectRef":{"resource":"pods","namespace":"shop","name":"p","subresource":"exec"},"responseStatus":{"code":101},"requestReceivedTimestamp":"2026-02-28T10:00:00.000001Z"}"#,
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods/p/exec?command=sh","verb":"create","user":{"username":"alice"},"sourceIPs":["192.0.2.7"],"objectRef":{"resource":"pods","namespace":"shop","name":"p","subresource":"exec"},"responseStatus":{"code":101},"requestReceivedTimestamp":"2026-02-28T10:00:00.000001Z","annotations":{"authorization.k8s.io/decision":"allow"}}"#,
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"2","stage":"ResponseComplete","requestURI":"/api/v1/secrets","verb":"list","user":{"username":"system:serviceaccount:shop:default"},"sourceIPs":["2001:db8::7"],"objectRef":{"resource":"secrets"},"responseStatus":{"code":403,"message":"secrets is forbidden"},"requestReceivedTimestamp":"2026-02-28T10:00:01Z"}"#,
            r#"{"auditID":"3","stage":"ResponseComplete","requestURI":"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings","verb":"create","user":{"username":"alice"},"impersonatedUser":{"username":"admin"},"objectRef":{"resource":"clusterrolebindings","name":"x","apiGroup":"rbac.authorization.k8s.io"},"responseStatus":{"code":201},"requestReceivedTimestamp":"2026-02-28T10:00:02Z"}"#,
            r#"{"auditID":"4","stage":"ResponseComplete","requestURI":"/version","verb":"get","user":{"username":"system:anonymous"},"responseStatus":{"code":401},"requestReceivedTimestamp":"2026-02-28T10:00:03Z"}"#,
        ],
        expect![[r#"
            kubernetes_audit cloud 2026-02-28T10:00:00.000001Z | class=6003 | -/success | product=kubernetes | service=audit | user=alice | src=192.0.2.7 | command=create pods/exec | session=1 | file=/api/v1/namespaces/shop/pods/p/exec?command=sh | app=shop
            kubernetes_audit cloud 2026-02-28T10:00:00.000001Z | class=6003 | AO01/success | product=kubernetes | service=audit | user=alice | src=192.0.2.7 | command=create pods/exec | session=1 | file=/api/v1/namespaces/shop/pods/p/exec?command=sh | app=shop
            kubernetes_audit cloud 2026-02-28T10:00:01Z | class=6003 | PA02/failure | product=kubernetes | service=audit | user=system:serviceaccount:shop:default | src=2001:db8::7 | command=list secrets | session=2 | file=/api/v1/secrets | message=secrets is forbidden
            kubernetes_audit cloud 2026-02-28T10:00:02Z | class=3006 | SA05/success | product=kubernetes | service=audit | user=alice | target=admin | command=create clusterrolebindings | session=3 | file=/apis/rbac.authorization.k8s.io/v1/clusterrolebindings
            kubernetes_audit cloud 2026-02-28T10:00:03Z | class=3002 | LL03/failure | product=kubernetes | service=audit | user=system:anonymous | command=get | session=4 | file=/version"#]],
    );
}

#[test]
fn services() {
    check(
        &[
            r#"{"kind":"admin#reports#activity","id":{"time":"2026-02-28T10:00:00.000Z","applicationName":"admin"},"actor":{"email":"alice@example.com"},"ipAddress":"192.0.2.7","events":[{"type":"DELEGATED_ADMIN_SETTINGS","name":"ASSIGN_ROLE","parameters":[{"name":"ROLE_NAME","value":"_SEED_ADMIN_ROLE"},{"name":"USER_EMAIL","value":"bob@example.com"}]}]}"#,
            r#"{"id":{"time":"2026-02-28T10:00:01Z","applicationName":"login"},"actor":{"email":"bob@example.com"},"ipAddress":"2001:db8::7","type":"login","name":"suspicious_login","parameters":{"affected_email_address":"bob@example.com"}}"#,
            r#"{"action":"user_login_failed","date_create":1772272802,"actor":{"type":"user","user":{"id":"W1","email":"bob@example.com"}},"entity":{"type":"user","user":{"email":"bob@example.com"}},"context":{"location":{"domain":"example"},"ip_address":"192.0.2.7","ua":"x"}}"#,
            r#"{"event":"session.command","ei":1,"uid":"u","code":"T4000I","time":"2026-02-28T10:00:03Z","user":"alice","login":"root","program":"curl","argv":["-s","https://example.com"],"path":"/usr/bin/curl","pid":811,"ppid":810,"return_code":0,"server_id":"s1","sid":"x1"}"#,
            r#"{"event":"access_request.review","ei":0,"uid":"u","code":"T5002I","time":"2026-02-28T10:00:04Z","user":"alice","proposed_state":"APPROVED"}"#,
            r#"{"name":"open_ports","hostIdentifier":"web1.example.com","unixTime":1772272805,"columns":{"pid":"9","remote_address":"192.0.2.7","remote_port":"4444","local_address":"198.51.100.2","local_port":"22"},"action":"added"}"#,
            r#"{"metadata":{"eventType":"AuthActivityAuditEvent","customerIDString":"c","offset":2,"eventCreationTime":1772272806000},"event":{"UserId":"alice@example.com","UserIp":"192.0.2.7","OperationName":"userAuthenticate","ServiceName":"CrowdStrike Authentication","Success":false,"UTCTimestamp":1772272806}}"#,
            r#"{"version":"0","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"123456789012","time":"2026-02-28T10:00:07Z","detail":{"schemaVersion":"2.0","accountId":"123456789012","id":"g","type":"Recon:EC2/PortProbeUnprotectedPort","severity":8.5,"title":"A port is being probed.","service":{"serviceName":"guardduty","count":7,"action":{"portProbeAction":{"portProbeDetails":[{"localPortDetails":{"port":22},"remoteIpDetails":{"ipAddressV4":"192.0.2.7"}}]}}}}}"#,
        ],
        expect![[r#"
            google_workspace cloud 2026-02-28T10:00:00Z | class=3006 | SA05/success | product=gcp | service=google_workspace.admin | user=alice@example.com | target=bob@example.com | src=192.0.2.7 | command=ASSIGN_ROLE | app=admin
            google_workspace cloud 2026-02-28T10:00:01Z | class=6003 | -/success | product=gcp | service=google_workspace.login | user=bob@example.com | src=2001:db8::7 | command=suspicious_login | app=login
            slack_audit cloud 2026-02-28T10:00:02Z | class=3002 | LL03/failure | product=slack | service=audit | user=bob@example.com | src=192.0.2.7 | command=user_login_failed | domain=example
            teleport cloud 2026-02-28T10:00:03Z | class=1007 | -/success | product=teleport | service=audit | host=s1 | user=alice | target=root | process=/usr/bin/curl | pid=811 | command=curl -s https://example.com | session=x1 | file=/usr/bin/curl
            teleport cloud 2026-02-28T10:00:04Z | class=6003 | IG02/success | product=teleport | service=audit | user=alice | command=access_request.review
            osquery linux 2026-02-28T10:00:05Z | class=4001 | -/unknown | product=osquery | service=results | host=web1.example.com | src=192.0.2.7 | dst=198.51.100.2 | pid=9 | app=open_ports | src_port=4444 | dst_port=22
            crowdstrike_stream cloud 2026-02-28T10:00:06Z | class=3002 | LL03/failure | product=crowdstrike | service=AuthActivityAuditEvent | user=alice@example.com | src=192.0.2.7 | command=userAuthenticate | app=CrowdStrike Authentication
            guardduty cloud 2026-02-28T10:00:07Z | class=2004 | -/unknown | product=aws | service=guardduty | host=123456789012 | src=192.0.2.7 | command=Recon:EC2/PortProbeUnprotectedPort | message=A port is being probed. | dst_port=22"#]],
    );
}

#[test]
fn vpc_flow() {
    check(
        &[
            "2 123456789010 eni-0a1b 192.0.2.7 198.51.100.20 20641 22 6 20 4249 1772272790 1772272800 REJECT OK",
            "5 123456789010 eni-0a1b 2001:db8::7 2001:db8::9 443 50000 6 1 40 1772272790 1772272801 ACCEPT OK vpc-1 subnet-1",
            "2 123456789010 eni-0a1b - - - - - - - 1772272790 1772272802 - NODATA",
            "2 123456789010 eni-0a1b cut off",
            "<134>1 2026-02-28T10:00:00Z collector flow - - - 2 123456789010 eni-0a1b 192.0.2.7 198.51.100.20 20641 22 6 20 4249 1772272790 1772272803 ACCEPT OK",
            r#"{"srcAddr":"192.0.2.7","dstAddr":"198.51.100.20","srcPort":1,"dstPort":3389,"flowDirection":"ingress","action":"ACCEPT","end":1772272804}"#,
        ],
        expect![[r#"
            vpc_flow firewall 2026-02-28T10:00:00Z | class=4001 | -/failure | product=aws | service=vpcflow | host=eni-0a1b | src=192.0.2.7 | dst=198.51.100.20 | src_port=20641 | dst_port=22
            vpc_flow firewall 2026-02-28T10:00:01Z | class=4001 | -/success | product=aws | service=vpcflow | host=eni-0a1b | src=2001:db8::7 | dst=2001:db8::9 | src_port=443 | dst_port=50000 | problem=columns beyond the default format kept without names
            vpc_flow firewall 2026-02-28T10:00:02Z | class=4001 | -/unknown | product=aws | service=vpcflow | host=eni-0a1b
            text linux 2026-03-01T12:00:00Z | class=0 | -/unknown | message=2 123456789010 eni-0a1b cut off | problem=no known format, kept as text; no time in the record, arrival time taken
            vpc_flow firewall 2026-02-28T10:00:03Z | class=4001 | -/success | product=aws | service=vpcflow | host=eni-0a1b | src=192.0.2.7 | dst=198.51.100.20 | process=flow | app=flow | message=2 123456789010 eni-0a1b 192.0.2.7 198.51.100.20 20641 22 6 20 4249 1772272790 1772272803 ACCEPT OK | src_port=20641 | dst_port=22
            vpc_flow_json firewall 2026-02-28T10:00:04Z | class=4001 | -/success | product=aws | service=vpcflow | src=192.0.2.7 | dst=198.51.100.20 | src_port=1 | dst_port=3389"#]],
    );
}
