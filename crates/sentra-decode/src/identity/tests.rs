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
fn entra_signin() {
    check(
        &[
            r#"{"time":"2026-02-28T10:00:00Z","resourceId":"/tenants/t/providers/Microsoft.aadiam","operationName":"Sign-in activity","category":"SignInLogs","resultType":"50126","resultDescription":"Invalid username or password.","callerIpAddress":"192.0.2.7","properties":{"createdDateTime":"2026-02-28T09:59:59Z","userPrincipalName":"alice@example.com","appDisplayName":"Portal","ipAddress":"192.0.2.7","status":{"errorCode":50126,"failureReason":"Invalid username or password."},"deviceDetail":{"displayName":"PC1"},"riskLevelDuringSignIn":"high"}}"#,
            r#"{"time":"2026-02-28T10:00:01Z","category":"NonInteractiveUserSignInLogs","operationName":"Sign-in activity","resultType":"0","properties":{"userPrincipalName":"alice@example.com","appDisplayName":"Mail","ipAddress":"2001:db8::7","status":{"errorCode":0}}}"#,
            r#"{"id":"1","createdDateTime":"2026-02-28T10:00:02Z","userPrincipalName":"bob@example.com","appDisplayName":"Portal","appId":"a","ipAddress":"192.0.2.8","conditionalAccessStatus":"success","authenticationRequirement":"multiFactorAuthentication","status":{"errorCode":500121,"failureReason":"Authentication failed during strong authentication request.","additionalDetails":"MFA Denied; user declined the authentication"}}"#,
            r#"{"id":"2","createdDateTime":"2026-02-28T10:00:03Z","userPrincipalName":"bob@example.com","appDisplayName":"Portal","isInteractive":true,"ipAddress":"192.0.2.8","status":{"errorCode":50074}}"#,
            r#"{"TimeGenerated":"2026-02-28T10:00:04Z","Type":"SigninLogs","ResultType":"50140","UserPrincipalName":"bob@example.com","AppDisplayName":"Portal","IPAddress":"192.0.2.8"}"#,
            r#"{"time":"2026-02-28T10:00:05Z","category":"ServicePrincipalSignInLogs","operationName":"Sign-in activity","resultType":"7000215","callerIpAddress":"192.0.2.9","properties":{"servicePrincipalName":"deploy","servicePrincipalId":"sp1"}}"#,
        ],
        expect![[r#"
            entra_signin identity 2026-02-28T09:59:59Z | class=3002 | LL03/failure | product=azure | service=signinlogs | host=PC1 | user=alice@example.com | src=192.0.2.7 | command=Sign-in activity | app=Portal | message=Invalid username or password.
            entra_signin identity 2026-02-28T10:00:01Z | class=3002 | LL01/success | product=azure | service=signinlogs | user=alice@example.com | src=2001:db8::7 | command=Sign-in activity | app=Mail
            entra_signin identity 2026-02-28T10:00:02Z | class=3002 | LL08/failure | product=azure | service=signinlogs | user=bob@example.com | src=192.0.2.8 | command=Sign-in activity | app=Portal | message=Authentication failed during strong authentication request.
            entra_signin identity 2026-02-28T10:00:03Z | class=3002 | LL06/unknown | product=azure | service=signinlogs | user=bob@example.com | src=192.0.2.8 | command=Sign-in activity | app=Portal
            entra_signin identity 2026-02-28T10:00:04Z | class=3002 | -/unknown | product=azure | service=signinlogs | user=bob@example.com | src=192.0.2.8 | command=Sign-in activity | app=Portal
            entra_signin identity 2026-02-28T10:00:05Z | class=3002 | LL03/failure | product=azure | service=signinlogs | user=deploy | src=192.0.2.9 | command=Sign-in activity"#]],
    );
    check_full(
        r#"{"id":"1","createdDateTime":"2026-02-28T10:00:02Z","userPrincipalName":"bob@example.com","appDisplayName":"Portal","ipAddress":"192.0.2.8","clientAppUsed":"IMAP","userAgent":"BAV2ROPC","authenticationProtocol":"ropc","conditionalAccessStatus":"success","status":{"errorCode":0},"deviceDetail":{"deviceId":"","trustType":""},"location":{"countryOrRegion":"DE"}}"#,
        expect![[r#"
            entra_signin identity 2026-02-28T10:00:02Z | class=3002 | LL01/success | product=azure | service=signinlogs | user=bob@example.com | src=192.0.2.8 | command=Sign-in activity | app=Portal
              id = 1
              createdDateTime = 2026-02-28T10:00:02Z
              userPrincipalName = bob@example.com
              appDisplayName = Portal
              ipAddress = 192.0.2.8
              clientAppUsed = IMAP
              userAgent = BAV2ROPC
              authenticationProtocol = ropc
              conditionalAccessStatus = success
              status.errorCode = 0
              deviceDetail.deviceId = 
              deviceDetail.trustType = 
              location.countryOrRegion = DE
              ResultType = 0
              resultType = 0
              location = DE
              callerIpAddress = 192.0.2.8
              properties.deviceDetail.deviceId = 
              DeviceDetail.deviceId = 
              DeviceDetail.trusttype = 
              ClientApp = IMAP
              Username = bob@example.com
              TargetUserName = bob@example.com
              Status = Success
              ActivityDetails = Sign-ins
              properties.message = ROPC"#]],
    );
}

#[test]
fn entra_names_of_deleted_users_and_given_roles() {
    check(
        &[
            r#"{"id":"3","category":"UserManagement","result":"success","activityDisplayName":"Delete user","activityDateTime":"2026-02-28T10:00:02Z","loggedByService":"Core Directory","initiatedBy":{"user":{"userPrincipalName":"alice@example.com"}},"targetResources":[{"type":"User","userPrincipalName":"0123456789abcdef0123456789abcdefbob@example.com"}]}"#,
            // Such a name can also be somebody's own.
            r#"{"id":"4","category":"UserManagement","result":"success","activityDisplayName":"Update user","activityDateTime":"2026-02-28T10:00:03Z","loggedByService":"Core Directory","initiatedBy":{"user":{"userPrincipalName":"alice@example.com"}},"targetResources":[{"type":"User","userPrincipalName":"0123456789abcdef0123456789abcdef@example.com"}]}"#,
        ],
        expect![[r#"
            entra_audit identity 2026-02-28T10:00:02Z | class=3001 | SA03/success | product=azure | service=auditlogs | user=alice@example.com | target=bob@example.com | command=Delete user | app=Core Directory
            entra_audit identity 2026-02-28T10:00:03Z | class=3001 | SA02/success | product=azure | service=auditlogs | user=alice@example.com | target=0123456789abcdef0123456789abcdef@example.com | command=Update user | app=Core Directory"#]],
    );
    check_full(
        r#"{"id":"5","category":"RoleManagement","result":"success","activityDisplayName":"Add member to role","activityDateTime":"2026-02-28T10:00:04Z","loggedByService":"Core Directory","initiatedBy":{"user":{"userPrincipalName":"alice@example.com"}},"targetResources":[{"type":"User","userPrincipalName":"bob@example.com","modifiedProperties":[{"displayName":"Role.DisplayName","newValue":"\"Global Administrator\""}]}]}"#,
        expect![[r#"
            entra_audit identity 2026-02-28T10:00:04Z | class=3006 | SA05/success | product=azure | service=auditlogs | user=alice@example.com | target=bob@example.com | command=Add member to role | app=Core Directory
              id = 5
              category = RoleManagement
              result = success
              activityDisplayName = Add member to role
              activityDateTime = 2026-02-28T10:00:04Z
              loggedByService = Core Directory
              initiatedBy.user.userPrincipalName = alice@example.com
              targetResources.type = User
              targetResources.userPrincipalName = bob@example.com
              targetResources.modifiedProperties.displayName = Role.DisplayName
              targetResources.modifiedProperties.newValue = "Global Administrator"
              TargetResources = User
              TargetResources = bob@example.com
              TargetResources = Role.DisplayName
              TargetResources = "Global Administrator"
              properties.targetResources = User
              properties.targetResources = bob@example.com
              properties.targetResources = Role.DisplayName
              properties.targetResources = "Global Administrator"
              TargetResources.modifiedProperties = Role.DisplayName
              TargetResources.modifiedProperties = "Global Administrator"
              Role.DisplayName = Global Administrator
              OperationName = Add member to role
              operationName = Add member to role
              properties.message = Add member to role
              ActivityDisplayName = Add member to role
              ActivityType = Add member to role
              activityType = Add member to role
              Category = RoleManagement
              LoggedByService = Core Directory
              Status = success
              properties.result = success
              properties.initiatedBy = alice@example.com
              Initiatied.By = alice@example.com
              Initiatedby = alice@example.com
              Target = bob@example.com
              TargetResources.modifiedProperties.newValue = "Global Administrator"
              TargetResources.ModifiedProperties.NewValue = "Global Administrator"
              TargetResources.ModifiedProperties.DisplayName = Role.DisplayName"#]],
    );
}

#[test]
fn workday_leavers() {
    check_full(
        r#"{"Employee_ID":"1","Worker":"Bob Example","User_Name":"bob","Work_Email":"Bob@example.com","Business_Process_Type":"Terminate Employee","Effective_Date":"2026-02-28","Completed_On":"2026-02-28T10:00:00Z","Initiated_By":"alice"}"#,
        expect![[r#"
            workday identity 2026-02-28T10:00:00Z | class=3001 | SA03/success | product=workday | service=worker | user=alice | target=bob | command=Terminate Employee
              worker.email = bob@example.com
              Employee_ID = 1
              Worker = Bob Example
              User_Name = bob
              Work_Email = Bob@example.com
              Business_Process_Type = Terminate Employee
              Effective_Date = 2026-02-28
              Completed_On = 2026-02-28T10:00:00Z
              Initiated_By = alice"#]],
    );
    check(
        &[
            // Announced for later.
            r#"{"Employee_ID":"1","Worker":"Bob Example","User_Name":"bob","Business_Process_Type":"Terminate Employee","Effective_Date":"2026-03-31","Completed_On":"2026-02-28T10:00:00Z","Initiated_By":"alice"}"#,
        ],
        expect![
            "workday identity 2026-02-28T10:00:00Z | class=3001 | SA02/success | product=workday | service=worker | user=alice | target=bob | command=Terminate Employee"
        ],
    );
}

#[test]
fn entra_audit_and_risk() {
    check(
        &[
            r#"{"time":"2026-02-28T10:00:00Z","operationName":"Add member to role","category":"AuditLogs","resultSignature":"None","properties":{"category":"RoleManagement","result":"success","activityDisplayName":"Add member to role","activityDateTime":"2026-02-28T10:00:00Z","loggedByService":"Core Directory","initiatedBy":{"user":{"userPrincipalName":"alice@example.com","ipAddress":"192.0.2.7"}},"targetResources":[{"displayName":"Global Administrator","type":"Role"},{"type":"User","userPrincipalName":"bob@example.com"}]}}"#,
            r#"{"id":"1","category":"UserManagement","result":"failure","resultReason":"weak","activityDisplayName":"Reset user password","activityDateTime":"2026-02-28T10:00:01Z","loggedByService":"Core Directory","initiatedBy":{"app":{"displayName":"Sync"}},"targetResources":[{"userPrincipalName":"bob@example.com","type":"User"}]}"#,
            r#"{"id":"2","category":"Policy","result":"success","activityDisplayName":"Delete conditional access policy","activityDateTime":"2026-02-28T10:00:02Z","loggedByService":"Conditional Access","initiatedBy":{"user":{"userPrincipalName":"alice@example.com"}},"targetResources":[{"displayName":"Require MFA","type":"Policy"}]}"#,
            r#"{"id":"3","category":"RoleManagement","result":"success","activityDisplayName":"Add member to role request approved (PIM activation)","activityDateTime":"2026-02-28T10:00:03Z","loggedByService":"PIM","initiatedBy":{"user":{"userPrincipalName":"alice@example.com"}}}"#,
            r#"{"id":"4","riskEventType":"anonymizedIPAddress","riskLevel":"high","riskState":"atRisk","detectedDateTime":"2026-02-28T10:00:04Z","ipAddress":"2001:db8::7","userPrincipalName":"bob@example.com"}"#,
            r#"{"id":"5","riskEventType":"noMfaOnRoleActivationAlertIncident","alertId":"a","createdDateTime":"2026-02-28T10:00:05Z"}"#,
        ],
        expect![[r#"
            entra_audit identity 2026-02-28T10:00:00Z | class=3006 | SA05/success | product=azure | service=auditlogs | user=alice@example.com | target=bob@example.com | src=192.0.2.7 | command=Add member to role | file=Global Administrator | app=Core Directory
            entra_audit identity 2026-02-28T10:00:01Z | class=3001 | PA02/failure | product=azure | service=auditlogs | user=Sync | target=bob@example.com | command=Reset user password | app=Core Directory | message=weak
            entra_audit identity 2026-02-28T10:00:02Z | class=6003 | CC02/success | product=azure | service=auditlogs | user=alice@example.com | command=Delete conditional access policy | file=Require MFA | app=Conditional Access
            entra_audit identity 2026-02-28T10:00:03Z | class=6003 | IG02/success | product=azure | service=auditlogs | user=alice@example.com | command=Add member to role request approved (PIM activation) | app=PIM
            entra_risk identity 2026-02-28T10:00:04Z | class=2004 | -/unknown | product=azure | service=riskdetection | user=bob@example.com | src=2001:db8::7 | command=anonymizedIPAddress
            entra_risk identity 2026-02-28T10:00:05Z | class=2004 | -/unknown | product=azure | service=pim | command=noMfaOnRoleActivationAlertIncident"#]],
    );
    check_full(
        r#"{"id":"6","category":"ApplicationManagement","result":"success","activityDisplayName":"Consent to application","activityDateTime":"2026-02-28T10:00:06Z","loggedByService":"Core Directory","targetResources":[{"displayName":"Reader","type":"ServicePrincipal","modifiedProperties":[{"displayName":"ConsentContext.IsAdminConsent","newValue":"\"False\""}]}],"additionalDetails":[{"key":"User-Agent","value":"x"}]}"#,
        expect![[r#"
            entra_audit identity 2026-02-28T10:00:06Z | class=6003 | CC02/success | product=azure | service=auditlogs | command=Consent to application | file=Reader | app=Core Directory
              id = 6
              category = ApplicationManagement
              result = success
              activityDisplayName = Consent to application
              activityDateTime = 2026-02-28T10:00:06Z
              loggedByService = Core Directory
              targetResources.displayName = Reader
              targetResources.type = ServicePrincipal
              targetResources.modifiedProperties.displayName = ConsentContext.IsAdminConsent
              targetResources.modifiedProperties.newValue = "False"
              additionalDetails.key = User-Agent
              additionalDetails.value = x
              TargetResources = Reader
              TargetResources = ServicePrincipal
              TargetResources = ConsentContext.IsAdminConsent
              TargetResources = "False"
              properties.targetResources = Reader
              properties.targetResources = ServicePrincipal
              properties.targetResources = ConsentContext.IsAdminConsent
              properties.targetResources = "False"
              TargetResources.modifiedProperties = ConsentContext.IsAdminConsent
              TargetResources.modifiedProperties = "False"
              ConsentContext.IsAdminConsent = False
              targetResources.type = Service Principal
              OperationName = Consent to application
              operationName = Consent to application
              properties.message = Consent to application
              ActivityDisplayName = Consent to application
              ActivityType = Consent to application
              activityType = Consent to application
              Category = ApplicationManagement
              LoggedByService = Core Directory
              Status = success
              properties.result = success
              TargetResources.modifiedProperties.newValue = "False"
              TargetResources.ModifiedProperties.NewValue = "False"
              TargetResources.ModifiedProperties.DisplayName = ConsentContext.IsAdminConsent
              additionalDetails.User-Agent = x"#]],
    );
}

#[test]
fn okta() {
    check(
        &[
            r#"{"uuid":"1","published":"2026-02-28T10:00:00.000Z","eventType":"user.session.start","severity":"INFO","displayMessage":"User login to Okta","actor":{"id":"u1","type":"User","alternateId":"alice@example.com"},"client":{"ipAddress":"2001:db8::7","device":"Computer"},"outcome":{"result":"SUCCESS"},"target":[{"id":"a1","type":"AuthenticatorEnrollment","alternateId":"unknown"},{"id":"a2","type":"AppInstance","alternateId":"Okta Dashboard"}]}"#,
            r#"{"uuid":"2","published":"2026-02-28T10:00:01.000Z","eventType":"user.account.privilege.grant","severity":"INFO","displayMessage":"Grant user privilege","actor":{"alternateId":"alice@example.com"},"outcome":{"result":"SUCCESS"},"target":[{"id":"u2","type":"User","alternateId":"bob@example.com","displayName":"Bob"}]}"#,
            r#"{"uuid":"3","published":"2026-02-28T10:00:02.000Z","eventtype":"user.mfa.okta_verify.deny_push","displaymessage":"User rejected Okta push verify","actor":{"alternateId":"bob@example.com"},"outcome":{"result":"FAILURE"},"severity":"WARN"}"#,
            r#"{"uuid":"4","published":"2026-02-28T10:00:03.000Z","eventType":"policy.evaluate_sign_on","displayMessage":"Evaluation of sign-on policy","actor":{"alternateId":"bob@example.com"},"outcome":{"result":"CHALLENGE"},"severity":"INFO"}"#,
            r#"{"uuid":"5","published":"2026-02-28T10:00:04.000Z","eventType":"user.account.lock","displayMessage":"Max sign in attempts exceeded","actor":{"alternateId":"bob@example.com"},"outcome":{"result":"FAILURE","reason":"LOCKED_OUT"},"severity":"DEBUG"}"#,
            r#"{"uuid":"6","published":"2026-02-28T10:00:05.000Z","eventType":"policy.rule.update","displayMessage":"Update policy rule","actor":{"alternateId":"alice@example.com"},"outcome":{"result":"SUCCESS"},"severity":"INFO"}"#,
        ],
        expect![[r#"
            okta identity 2026-02-28T10:00:00Z | class=3002 | LL01/success | product=okta | service=okta | user=alice@example.com | src=2001:db8::7 | command=user.session.start | app=Okta Dashboard | message=User login to Okta
            okta identity 2026-02-28T10:00:01Z | class=3006 | SA05/success | product=okta | service=okta | user=alice@example.com | target=bob@example.com | command=user.account.privilege.grant | message=Grant user privilege
            okta identity 2026-02-28T10:00:02Z | class=3002 | LL08/failure | product=okta | service=okta | user=bob@example.com | command=user.mfa.okta_verify.deny_push | message=User rejected Okta push verify
            okta identity 2026-02-28T10:00:03Z | class=3002 | LL06/unknown | product=okta | service=okta | user=bob@example.com | command=policy.evaluate_sign_on | message=Evaluation of sign-on policy
            okta identity 2026-02-28T10:00:04Z | class=3001 | SA08/failure | product=okta | service=okta | user=bob@example.com | target=bob@example.com | command=user.account.lock | message=Max sign in attempts exceeded
            okta identity 2026-02-28T10:00:05Z | class=6003 | CC02/success | product=okta | service=okta | user=alice@example.com | command=policy.rule.update | message=Update policy rule"#]],
    );
}

#[test]
fn small_providers() {
    check(
        &[
            r#"{"event_type":"authentication","factor":"duo_push","result":"denied","reason":"user_mistake","isotimestamp":"2026-02-28T10:00:00+00:00","txid":"t","access_device":{"ip":"192.0.2.7","hostname":"pc1"},"application":{"name":"VPN"},"user":{"name":"alice"}}"#,
            r#"{"action":"bypass_create","isotimestamp":"2026-02-28T10:00:01+00:00","timestamp":1772272801,"username":"Admin","object":"bob","description":"{\"bypass\": 1}"}"#,
            r#"{"event_type_id":13,"account_id":1,"actor_user_name":"Alice","user_name":"Bob","created_at":"2026-02-28T10:00:02.000Z","ipaddr":"192.0.2.7"}"#,
            r#"{"log_id":"1","data":{"date":"2026-02-28T10:00:03.000Z","type":"sapi","description":"Create a user","ip":"192.0.2.7","client_id":"c","details":{"request":{"method":"post","path":"/api/v2/users","auth":{"user":{"email":"alice@example.com"}}}}}}"#,
            r#"{"log_id":"2","type":"gd_auth_failed","date":"2026-02-28T10:00:04.000Z","client_id":"c","ip":"2001:db8::7","user_name":"bob@example.com"}"#,
        ],
        expect![[r#"
            duo identity 2026-02-28T10:00:00Z | class=3002 | LL08/failure | product=cisco | service=duo | host=pc1 | user=alice | src=192.0.2.7 | command=authentication | session=t | app=VPN | message=user_mistake
            duo identity 2026-02-28T10:00:01Z | class=3001 | AO04/success | product=cisco | service=duo | user=Admin | target=bob | command=bypass_create | message={"bypass": 1}
            onelogin identity 2026-02-28T10:00:02Z | class=3001 | SA01/success | product=onelogin | service=onelogin.events | user=Alice | target=Bob | src=192.0.2.7 | command=13
            auth0 identity 2026-02-28T10:00:03Z | class=6003 | SA01/success | product=auth0 | service=tenant | user=alice@example.com | src=192.0.2.7 | command=sapi | file=/api/v2/users | app=c | message=Create a user
            auth0 identity 2026-02-28T10:00:04Z | class=3002 | LL08/failure | product=auth0 | service=tenant | user=bob@example.com | src=2001:db8::7 | command=gd_auth_failed | app=c"#]],
    );
}

#[test]
fn sailpoint() {
    check(
        &[
            r#"{"_type":"event","org":"example","created":"2026-02-28T10:00:00.000Z","type":"AUTH","actor":{"name":"bob"},"target":{"name":"bob"},"operation":"REQUEST","status":"FAILED","technicalName":"AUTHENTICATION_REQUEST_FAILED","name":"Request Authentication Failed","attributes":{"hostName":"192.0.2.7"}}"#,
            r#"{"_type":"event","org":"example","created":"2026-02-28T10:00:01.000Z","type":"ACCESS_REQUEST","actor":{"name":"bob"},"target":{"name":"bob"},"operation":"REQUEST","status":"STARTED","technicalName":"ACCESS_REQUEST_STARTED","name":"Request Access Started","attributes":{"roleName":"Payments"}}"#,
            r#"{"org":"example","created":"2026-02-28T10:00:02.000Z","type":"CERTIFICATION","actor":{"name":"alice"},"target":{"name":"Q1 review"},"operation":"SIGNOFF","status":"PASSED","technicalName":"CERTIFICATION_SIGNOFF_PASSED","name":"Signoff Certification Passed"}"#,
            r#"{"org":"example","created":"2026-02-28T10:00:03.000Z","type":"SOD","actor":{"name":"System"},"target":{"name":"bob"},"operation":"DETECT","status":"PASSED","technicalName":"SOD_VIOLATION_DETECT_PASSED","objects":["SOD","VIOLATION"],"name":"Detect SOD Violation Passed"}"#,
            r#"{"org":"example","created":"2026-02-28T10:00:04.000Z","type":"USER_MANAGEMENT","actor":{"name":"alice"},"target":{"name":"bob"},"operation":"GRANT","status":"PASSED","technical_name":"USER_ROLE_ADMIN_GRANT_PASSED","tracking_number":"t"}"#,
            r#"{"action":"loginFailure","source":"bob","target":"bob","serverHost":"iiq1","clientHost":"192.0.2.7","created":"2026-02-28 10:00:05","interface":"UI"}"#,
            r#"{"action":"ApproveLineItem","source":"alice","target":"bob","application":"HR","serverHost":"iiq1","trackingId":"t","created":1772272806000,"attributeName":"role","attributeValue":"Payments"}"#,
        ],
        expect![[r#"
            sailpoint identity 2026-02-28T10:00:00Z | class=3002 | LL03/failure | product=sailpoint | service=identitynow | user=bob | src=192.0.2.7 | command=AUTHENTICATION_REQUEST_FAILED | message=Request Authentication Failed
            sailpoint identity 2026-02-28T10:00:01Z | class=6003 | IG01/unknown | product=sailpoint | service=identitynow | user=bob | command=ACCESS_REQUEST_STARTED | file=Payments | message=Request Access Started
            sailpoint identity 2026-02-28T10:00:02Z | class=6003 | IG03/success | product=sailpoint | service=identitynow | user=alice | command=CERTIFICATION_SIGNOFF_PASSED | file=Q1 review | message=Signoff Certification Passed
            sailpoint identity 2026-02-28T10:00:03Z | class=6003 | IG04/success | product=sailpoint | service=identitynow | user=System | target=bob | command=SOD_VIOLATION_DETECT_PASSED | message=Detect SOD Violation Passed
            sailpoint identity 2026-02-28T10:00:04Z | class=3006 | SA05/success | product=sailpoint | service=identitynow | user=alice | target=bob | command=USER_ROLE_ADMIN_GRANT_PASSED | session=t
            sailpoint identity 2026-02-28T10:00:05Z | class=3002 | LL03/failure | product=sailpoint | service=identityiq | host=iiq1 | user=bob | src=192.0.2.7 | command=loginFailure | app=UI
            sailpoint identity 2026-02-28T10:00:06Z | class=6003 | IG02/success | product=sailpoint | service=identityiq | host=iiq1 | user=alice | target=bob | command=ApproveLineItem | session=t | file=Payments | app=HR"#]],
    );
}

#[test]
fn saviynt() {
    check(
        &[
            r#"{"Object Type":"Login","Action Taken":"Login Failed","Accessed By":"bob","IP Address":"192.0.2.7","Event Time":"2026-02-28 10:00:00","Message":"wrong password"}"#,
            r#"{"OBJECTTYPE":"Access Request","ACTIONTYPE":"Create Request","ACCESSBY":"bob","IPADDRESS":"192.0.2.7","EVENT_TIME":"2026-02-28 10:00:01","OBJECTNAME":"REQ-1","DETAIL":"role Payments","LOGINKEY":"9"}"#,
            r#"{"requestkey":"77","requestid":"REQ-1","requesttype":"Grant Access","requestor":"bob","requestee":"carol","approver":"alice","status":"Approved","endpoint":"HR","approvaldate":"2026-02-28T10:00:02Z"}"#,
            r#"{"certificationname":"Q1","certifier":"alice","certifieduser":"bob","decision":"Certified","entitlement":"Payments","certifieddate":"2026-02-28T10:00:03Z"}"#,
            r#"{"riskcode":"R1","riskname":"Pay and approve","ruleset":"SOX","username":"bob","violationstatus":"OPEN","detectedon":"2026-02-28T10:00:04Z"}"#,
            r#"{"Object Type":"User","Action Taken":"Create","Accessed By":"alice","Event Time":"2026-02-28 10:00:05","Message":"bob"}"#,
        ],
        expect![[r#"
            saviynt identity 2026-02-28T10:00:00Z | class=3002 | LL03/failure | product=saviynt | service=audit | user=bob | src=192.0.2.7 | command=Login Failed | app=Login | message=wrong password
            saviynt identity 2026-02-28T10:00:01Z | class=6003 | IG01/success | product=saviynt | service=audit | user=bob | src=192.0.2.7 | command=Create Request | session=9 | file=REQ-1 | app=Access Request | message=role Payments
            saviynt identity 2026-02-28T10:00:02Z | class=6003 | IG02/success | product=saviynt | service=audit | user=alice | target=carol | command=Approved | session=REQ-1 | app=HR
            saviynt identity 2026-02-28T10:00:03Z | class=6003 | IG03/success | product=saviynt | service=audit | user=alice | target=bob | command=Certified | file=Payments
            saviynt identity 2026-02-28T10:00:04Z | class=6003 | IG04/success | product=saviynt | service=audit | user=bob | file=R1 | message=Pay and approve
            saviynt identity 2026-02-28T10:00:05Z | class=3001 | SA01/success | product=saviynt | service=audit | user=alice | command=Create | app=User | message=bob"#]],
    );
}

#[test]
fn workday() {
    check(
        &[
            r#"{"Employee_ID":"1","Worker":"Bob Example","User_Name":"bob","Business_Process_Type":"Hire Employee","Worker_Status":"Active","Hire_Date":"2026-02-28","Completed_On":"2026-02-28T10:00:00Z","Initiated_By":"alice"}"#,
            r#"{"Worker_ID":"1","Worker_Status":"Terminated","Termination_Date":"2026-02-28","Effective_Date":"2026-02-28"}"#,
            r#"{"employeeID":"1","workerStatus":"On Leave","userName":"bob","lastModified":"2026-02-28T10:00:02Z"}"#,
            r#"{"Employee_ID":"1","User_Name":"bob","Business_Process_Type":"Rescind Termination","Worker_Status":"Active","Completed_On":"2026-02-28T10:00:03Z"}"#,
            r#"{"Workday_Account":"bob","Signon_DateTime":"2026-02-28T10:00:04Z","Signon_IP_Address":"192.0.2.7","Authentication_Type_for_Signon":"User Name Password","Failed_Signon":"1","Authentication_Failure_Message":"Invalid credentials","Session_ID":"s1"}"#,
            r#"{"Workday Account":"bob","Signon DateTime":"2026-02-28T10:00:05Z","Signon IP Address":"2001:db8::7","Authentication Type for Signon":"SAML","Failed Signon":"0"}"#,
            r#"{"activityAction":"WRITE","taskDisplayName":"Maintain Domain Security Policies","taskId":"t","systemAccount":"alice","ipAddress":"192.0.2.7","requestTime":"2026-02-28T10:00:06Z","sessionId":"x","target":{"descriptor":"Payroll","id":"p"}}"#,
        ],
        expect![[r#"
            workday identity 2026-02-28T10:00:00Z | class=3001 | SA01/success | product=workday | service=worker | user=alice | target=bob | command=Hire Employee
            workday identity 2026-02-28T00:00:00Z | class=3001 | SA03/success | product=workday | service=worker | target=1 | command=Terminated
            workday identity 2026-02-28T10:00:02Z | class=3001 | SA02/success | product=workday | service=worker | target=bob | command=On Leave
            workday identity 2026-02-28T10:00:03Z | class=3001 | SA02/success | product=workday | service=worker | target=bob | command=Rescind Termination
            workday identity 2026-02-28T10:00:04Z | class=3002 | LL03/failure | product=workday | service=signon | user=bob | src=192.0.2.7 | command=User Name Password | session=s1 | message=Invalid credentials
            workday identity 2026-02-28T10:00:05Z | class=3002 | LL01/success | product=workday | service=signon | user=bob | src=2001:db8::7 | command=SAML
            workday identity 2026-02-28T10:00:06Z | class=6003 | CC02/success | product=workday | service=activity | user=alice | src=192.0.2.7 | command=WRITE | session=x | file=Payroll | app=Maintain Domain Security Policies"#]],
    );
}
