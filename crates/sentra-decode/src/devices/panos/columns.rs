//! The columns of every log type, in the order of PAN-OS 11.1, by the variable names of its log field
//! references, parted by commas. An empty name is a column without use.

use std::borrow::Cow;
use std::iter::Chain;
use std::str::Split;

/// A log type and its columns from the virtual system or source on.
pub(super) struct LogType {
    pub(super) name: &'static str,
    columns: &'static str,
}

/// What every record begins with.
const PREFIX: &str = ",receive_time,serial,type,subtype,,time_generated";

static TYPES: [LogType; 13] = [
    LogType { name: "TRAFFIC", columns: TRAFFIC },
    LogType { name: "THREAT", columns: THREAT },
    LogType { name: "URL", columns: THREAT },
    LogType { name: "SYSTEM", columns: SYSTEM },
    LogType { name: "CONFIG", columns: CONFIG },
    LogType { name: "GLOBALPROTECT", columns: GLOBALPROTECT },
    LogType { name: "AUTHENTICATION", columns: AUTHENTICATION },
    LogType { name: "AUTH", columns: AUTHENTICATION },
    LogType { name: "USERID", columns: USERID },
    LogType { name: "HIPMATCH", columns: HIPMATCH },
    LogType { name: "HIP-MATCH", columns: HIPMATCH },
    LogType { name: "DECRYPTION", columns: DECRYPTION },
    LogType { name: "IPTAG", columns: IPTAG },
];

pub(super) fn of_type(name: &str) -> Option<&'static LogType> {
    TYPES.iter().find(|kind| kind.name == name)
}

/// Gives the columns of a record their names.
pub(super) struct Names {
    names: Chain<Split<'static, char>, Split<'static, char>>,
    /// How many columns of the usual record lie before the next one.
    column: usize,
}

impl Names {
    /// The names of a record of `kind` that has lost its first columns, `missing` of them.
    pub(super) fn of(kind: &'static LogType, missing: usize) -> Self {
        let mut names = PREFIX.split(',').chain(kind.columns.split(','));
        for _ in 0..missing {
            let _ = names.next();
        }
        Self { names, column: missing }
    }

    /// The name of the next column, which has this value.
    pub(super) fn next_name(&mut self, value: &str) -> Cow<'static, str> {
        let mut name = self.names.next();
        self.column += 1;
        // What was before and after a change is only in custom formats: elsewhere the sequence number follows at once.
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        if name == Some("before_change_detail") && is_number {
            name = self.names.nth(1);
            self.column += 2;
        }
        name.map_or_else(|| Cow::Owned(format!("field_{}", self.column)), Cow::Borrowed)
    }
}

const TRAFFIC: &str = "src,dst,natsrc,natdst,rule,srcuser,dstuser,app,vsys,from,to,inbound_if,outbound_if,logset,,\
    sessionid,repeatcnt,sport,dport,natsport,natdport,flags,proto,action,bytes,bytes_sent,\
    bytes_received,packets,start,elapsed,category,,seqno,actionflags,srcloc,dstloc,,pkts_sent,\
    pkts_received,session_end_reason,dg_hier_level_1,dg_hier_level_2,dg_hier_level_3,dg_hier_level_4,\
    vsys_name,device_name,action_source,src_uuid,dst_uuid,tunnelid,monitortag,parent_session_id,\
    parent_start_time,tunnel,assoc_id,chunks,chunks_sent,chunks_received,rule_uuid,http2_connection,\
    link_change_count,policy_id,link_switches,sdwan_cluster,sdwan_device_type,sdwan_cluster_type,\
    sdwan_site,dynusergroup_name,xff_ip,src_category,src_profile,src_model,src_vendor,src_osfamily,\
    src_osversion,src_host,src_mac,dst_category,dst_profile,dst_model,dst_vendor,dst_osfamily,\
    dst_osversion,dst_host,dst_mac,container_id,pod_namespace,pod_name,src_edl,dst_edl,hostid,\
    serialnumber,src_dag,dst_dag,session_owner,high_res_timestamp,nssai_sst,nssai_sd,\
    subcategory_of_app,category_of_app,technology_of_app,risk_of_app,characteristic_of_app,\
    container_of_app,tunneled_app,is_saas_of_app,sanctioned_state_of_app,offloaded,flow_type,\
    cluster_name";

const THREAT: &str = "src,dst,natsrc,natdst,rule,srcuser,dstuser,app,vsys,from,to,inbound_if,outbound_if,logset,,\
    sessionid,repeatcnt,sport,dport,natsport,natdport,flags,proto,action,misc,threatid,category,\
    severity,direction,seqno,actionflags,srcloc,dstloc,,contenttype,pcap_id,filedigest,cloud,url_idx,\
    user_agent,filetype,xff,referer,sender,subject,recipient,reportid,dg_hier_level_1,dg_hier_level_2,\
    dg_hier_level_3,dg_hier_level_4,vsys_name,device_name,,src_uuid,dst_uuid,http_method,tunnelid,\
    monitortag,parent_session_id,parent_start_time,tunnel,thr_category,contentver,,assoc_id,ppid,\
    http_headers,url_category_list,rule_uuid,http2_connection,dynusergroup_name,xff_ip,src_category,\
    src_profile,src_model,src_vendor,src_osfamily,src_osversion,src_host,src_mac,dst_category,\
    dst_profile,dst_model,dst_vendor,dst_osfamily,dst_osversion,dst_host,dst_mac,container_id,\
    pod_namespace,pod_name,src_edl,dst_edl,hostid,serialnumber,domain_edl,src_dag,dst_dag,\
    partial_hash,high_res_timestamp,reason,justification,nssai_sst,subcategory_of_app,category_of_app,\
    technology_of_app,risk_of_app,characteristic_of_app,container_of_app,tunneled_app,is_saas_of_app,\
    sanctioned_state_of_app,cloud_reportid,cluster_name,flow_type";

const SYSTEM: &str = "vsys,eventid,object,,,module,severity,opaque,seqno,actionflags,dg_hier_level_1,dg_hier_level_2,\
    dg_hier_level_3,dg_hier_level_4,vsys_name,device_name,,,high_res_timestamp";

const CONFIG: &str = "host,vsys,cmd,admin,client,result,path,before_change_detail,after_change_detail,seqno,actionflags,\
    dg_hier_level_1,dg_hier_level_2,dg_hier_level_3,dg_hier_level_4,vsys_name,device_name,dg_id,\
    comment,,high_res_timestamp";

const GLOBALPROTECT: &str = "vsys,eventid,stage,auth_method,tunnel_type,srcuser,srcregion,machinename,public_ip,public_ipv6,\
    private_ip,private_ipv6,hostid,serialnumber,client_ver,client_os,client_os_ver,repeatcnt,reason,\
    error,opaque,status,location,login_duration,connect_method,error_code,portal,seqno,actionflags,\
    high_res_timestamp,selection_type,response_time,priority,attempted_gateways,gateway,\
    dg_hier_level_1,dg_hier_level_2,dg_hier_level_3,dg_hier_level_4,vsys_name,device_name,vsys_id,\
    cluster_name";

const AUTHENTICATION: &str = "vsys,ip,user,normalize_user,object,authpolicy,repeatcnt,authid,vendor,logset,serverprofile,desc,\
    clienttype,event,factorno,seqno,actionflags,dg_hier_level_1,dg_hier_level_2,dg_hier_level_3,\
    dg_hier_level_4,vsys_name,device_name,vsys_id,authproto,rule_uuid,high_res_timestamp,src_category,\
    src_profile,src_model,src_vendor,src_osfamily,src_osversion,src_host,src_mac,region,,user_agent,\
    sessionid,cluster_name";

const USERID: &str = "vsys,ip,user,datasourcename,eventid,repeatcnt,timeout,beginport,endport,datasource,datasourcetype,\
    seqno,actionflags,dg_hier_level_1,dg_hier_level_2,dg_hier_level_3,dg_hier_level_4,vsys_name,\
    device_name,vsys_id,factortype,factorcompletiontime,factorno,ugflags,userbysource,tag_name,\
    high_res_timestamp,origindatasource,,cluster_name";

const HIPMATCH: &str = "srcuser,vsys,machinename,os,src,matchname,repeatcnt,matchtype,,,seqno,actionflags,dg_hier_level_1,\
    dg_hier_level_2,dg_hier_level_3,dg_hier_level_4,vsys_name,device_name,vsys_id,srcipv6,hostid,\
    serialnumber,mac,high_res_timestamp,cluster_name,";

const DECRYPTION: &str = "src,dst,natsrc,natdst,rule,srcuser,dstuser,app,vsys,from,to,inbound_if,outbound_if,logset,\
    time_received,sessionid,repeatcnt,sport,dport,natsport,natdport,flags,proto,action,tunnel,,,\
    src_uuid,dst_uuid,rule_uuid,hs_stage_c2f,hs_stage_f2s,tls_version,tls_keyxchg,tls_enc,tls_auth,\
    policy_name,ec_curve,err_index,root_status,chain_status,proxy_type,cert_serial,fingerprint,\
    notbefore,notafter,cert_ver,cert_size,cn_len,issuer_len,rootcn_len,sni_len,cert_flags,cn,\
    issuer_cn,root_cn,sni,error,container_id,pod_namespace,pod_name,src_edl,dst_edl,src_dag,dst_dag,\
    high_res_timestamp,src_category,src_profile,src_model,src_vendor,src_osfamily,src_osversion,\
    src_host,src_mac,dst_category,dst_profile,dst_model,dst_vendor,dst_osfamily,dst_osversion,\
    dst_host,dst_mac,seqno,actionflags,dg_hier_level_1,dg_hier_level_2,dg_hier_level_3,\
    dg_hier_level_4,vsys_name,device_name,vsys_id,subcategory_of_app,category_of_app,\
    technology_of_app,risk_of_app,characteristic_of_app,container_of_app,tunneled_app,is_saas_of_app,\
    sanctioned_state_of_app,cluster_name";

const IPTAG: &str = "vsys,ip,tag_name,event_id,repeatcnt,timeout,datasourcename,datasource_type,datasource_subtype,\
    seqno,actionflags,dg_hier_level_1,dg_hier_level_2,dg_hier_level_3,dg_hier_level_4,vsys_name,\
    device_name,vsys_id,high_res_timestamp";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_column_has_two_meanings() {
        for kind in &TYPES {
            let all = PREFIX.split(',').chain(kind.columns.split(','));
            let mut names: Vec<_> = all.filter(|name| !name.is_empty()).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", kind.name);
        }
    }
}
