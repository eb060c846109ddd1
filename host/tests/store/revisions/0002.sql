BEGIN TRANSACTION;
CREATE TABLE agencies (
	plugin TEXT NOT NULL CONSTRAINT ck_agencies_plugin CHECK (length(plugin) <= 120), 
	failures INTEGER NOT NULL, 
	violations INTEGER NOT NULL, 
	failing_since INTEGER, 
	sent_at INTEGER, 
	down_since INTEGER, 
	probe_at INTEGER, 
	cause TEXT CONSTRAINT ck_agencies_cause CHECK (length(cause) <= 120), 
	probes INTEGER NOT NULL, 
	CONSTRAINT pk_agencies PRIMARY KEY (plugin)
)
 STRICT

;
CREATE TABLE agency_logins (
	id INTEGER NOT NULL, 
	login TEXT NOT NULL CONSTRAINT ck_agency_logins_login CHECK (length(login) <= 36), 
	plugin TEXT NOT NULL CONSTRAINT ck_agency_logins_plugin CHECK (length(plugin) <= 120), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_agency_logins PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE agency_tokens (
	id TEXT NOT NULL CONSTRAINT ck_agency_tokens_id CHECK (length(id) <= 64), 
	plugin TEXT NOT NULL CONSTRAINT ck_agency_tokens_plugin CHECK (length(plugin) <= 120), 
	login TEXT CONSTRAINT ck_agency_tokens_login CHECK (length(login) <= 36), 
	under_way TEXT CONSTRAINT ck_agency_tokens_under_way CHECK (length(under_way) <= 36), 
	refused TEXT CONSTRAINT ck_agency_tokens_refused CHECK (length(refused) <= 120), 
	refusals INTEGER, 
	data_key BLOB, 
	sealed BLOB, 
	renew_at INTEGER, 
	under_way_until INTEGER, 
	held_until INTEGER, 
	refused_at INTEGER, 
	CONSTRAINT pk_agency_tokens PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE alembic_version_counter (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_counter_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_counter" VALUES('0001');
CREATE TABLE applicant_mobiles (
	application TEXT NOT NULL CONSTRAINT ck_applicant_mobiles_application CHECK (length(application) <= 36), 
	mobile TEXT NOT NULL CONSTRAINT ck_applicant_mobiles_mobile CHECK (length(mobile) <= 64), 
	CONSTRAINT pk_applicant_mobiles PRIMARY KEY (application), 
	CONSTRAINT fk_applicant_mobiles_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
INSERT INTO "applicant_mobiles" VALUES('00000000-0000-4000-8000-000000000001','2d79edbdb7595dbc4e8dc78be6e4cc414b1c210675b423f2f9edf9172ad3d235');
INSERT INTO "applicant_mobiles" VALUES('00000000-0000-4000-8000-000000000002','adf2882f2ab13b83d218e9c98ec3349c04675594d6fe250d157fdd237d3309b8');
CREATE TABLE applications (
	id TEXT NOT NULL CONSTRAINT ck_applications_id CHECK (length(id) <= 36), 
	service TEXT NOT NULL CONSTRAINT ck_applications_service CHECK (length(service) <= 120), 
	plugin TEXT NOT NULL CONSTRAINT ck_applications_plugin CHECK (length(plugin) <= 120), 
	plugin_version TEXT NOT NULL CONSTRAINT ck_applications_plugin_version CHECK (length(plugin_version) <= 120), 
	state TEXT NOT NULL CONSTRAINT ck_applications_state CHECK (length(state) <= 120), 
	gateway TEXT CONSTRAINT ck_applications_gateway CHECK (length(gateway) <= 120), 
	owner TEXT CONSTRAINT ck_applications_owner CHECK (length(owner) <= 120), 
	client_reference TEXT NOT NULL CONSTRAINT ck_applications_client_reference CHECK (length(client_reference) <= 64), 
	agency_reference TEXT CONSTRAINT ck_applications_agency_reference CHECK (length(agency_reference) <= 64), 
	hold_party TEXT CONSTRAINT ck_applications_hold_party CHECK (length(hold_party) <= 120), 
	hold_code TEXT CONSTRAINT ck_applications_hold_code CHECK (length(hold_code) <= 120), 
	operation TEXT CONSTRAINT ck_applications_operation CHECK (length(operation) <= 120), 
	opened_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	closed_at INTEGER, 
	due_at INTEGER, 
	lease_until INTEGER, 
	erased_at INTEGER, 
	target_plugin TEXT NOT NULL CONSTRAINT ck_applications_target_plugin CHECK (length(target_plugin) <= 120), 
	lease TEXT CONSTRAINT ck_applications_lease CHECK (length(lease) <= 36), 
	revision INTEGER NOT NULL CONSTRAINT ck_applications_revision CHECK (revision < 2000000000), 
	entries INTEGER NOT NULL, 
	chain BLOB NOT NULL, 
	data_key BLOB, 
	progress BLOB NOT NULL, 
	blocked TEXT CONSTRAINT ck_applications_blocked CHECK (length(blocked) <= 120), 
	CONSTRAINT pk_applications PRIMARY KEY (id), 
	CONSTRAINT uq_applications_client_reference UNIQUE (client_reference)
)
 STRICT

;
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000001','office.permit','office','office 1.0','draft',NULL,NULL,'e061456d617143f2958b5cabe65dd6cd1776dbb0f5a493e94b7e097e9d723f11',NULL,'citizen','consent-absent',NULL,1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,'office',NULL,1,2,X'F1F5E1E69695C0E9188FCC08B38553FE77082B8D43EF3FEF8F7EABF91D18DF77',X'6B6570743A015C3586CAD3EC2CB0D455F746F6AA193E1484331E18BC16A58341A4F91DBD4B1083B42E6A849B7361976B72D661B49442135CF4FE71CC1F3E015332D3',X'015148205673DF8B0E570C73644282453AFC569DB6610EEEDA57478B3D89C7FFA11C34A89D53078CC49B9C1F06A7C16A1704BDC67C0027F5285BF1C70D7A16D5D0A28B020D0015F7FBD54BDC5712D566AC3EE31F28B5624C3F35E0A0E23CB7FA31866860940AEAD4D4707EC100CF1B391F4A71B177C62D957127107B5ED099A5E4E44C063D2108B224618AFCC5E5B4511A079817D8FEB6FE690F94E271645FF46B686C7E539965EE57B974637D3C52DB4EE4B3B92C28547F0C0852249C07508D3CD4F6061BE441E1E73AB4453B3FB5105C05FD10174B6DFDE1ED94F9E25C69F6843B39AFA302D1C6275CAA4A3380F4F4CDEBC54958B05F73356806580967A2ACFD2EE1283C6A975B3E3D26EB5E9D8548F0370D35438998EC5F0B1611919BD371824A57754A60454E053936ACE8634734B15CBCCD3EFEAB',NULL);
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000002','office.permit','office','office 1.0','closed',NULL,NULL,'4e21f06c5e22f4926f4e8ee05eca849e6905b4e75a7b1a498e77db553a983aa7',NULL,NULL,NULL,NULL,1796083200000000,1796083200000000,1796083200000000,NULL,NULL,NULL,'office',NULL,2,4,X'301A265AA68DDAE5A349AE8FE6AC5B308DD4E809B79DF4893719881CD6911C97',X'6B6570743A018DECDB7ADEF60CA3E68468662ADA1B4EF0F1BEAADAA60C1989F8CAE73F048F97620E7AF5C1E500475371118EE744B19114910E712F05C86CF40F2A35',X'015812AB243D8AFA420537C91A0D3FA25521AF04BCA658A1133AAB7C0ADDD074995DF4EB915640DB2EFB39085DCFFC66B054755819A15F47323F64047E1E18B522FE07317DF45241BBE385010F899C68AB8BA59D6B2A2C2F9734FF4B1CA7FB16BBE342DC1AA1258DC68049C81461A4731A0CF9D5079091D98D41377C56DF61630648D023F5ACBF2532782C6D90C2EA9F88C817E049420DF1B8C9E253798F5D8435A480E62EB65B2F1506E6BDFFC0922D07C5F367CF4618271759BD39B5C9D135744D343C60D175AD40758542584A085BD58C238C8F000761C408AC3CAF0EA2965051ACA7A9D75C1C4DE5F0B9F6EBEA224B5EF605B7C046E21EAA661BF53F532EA70E521CAB4428133EC478C9B4C387A824B0D09012',NULL);
CREATE TABLE attempts (
	application TEXT NOT NULL CONSTRAINT ck_attempts_application CHECK (length(application) <= 36), 
	entry INTEGER NOT NULL, 
	operation TEXT NOT NULL CONSTRAINT ck_attempts_operation CHECK (length(operation) <= 120), 
	subject TEXT CONSTRAINT ck_attempts_subject CHECK (length(subject) <= 120), 
	worker TEXT NOT NULL CONSTRAINT ck_attempts_worker CHECK (length(worker) <= 36), 
	request_digest TEXT CONSTRAINT ck_attempts_request_digest CHECK (length(request_digest) <= 64), 
	began_at INTEGER NOT NULL, 
	ended_at INTEGER, 
	result TEXT CONSTRAINT ck_attempts_result CHECK (length(result) <= 120), 
	CONSTRAINT pk_attempts PRIMARY KEY (application, entry), 
	CONSTRAINT fk_attempts_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE changes (
	id INTEGER NOT NULL, 
	application TEXT NOT NULL CONSTRAINT ck_changes_application CHECK (length(application) <= 36), 
	owner TEXT CONSTRAINT ck_changes_owner CHECK (length(owner) <= 120), 
	revision INTEGER NOT NULL, 
	state TEXT NOT NULL CONSTRAINT ck_changes_state CHECK (length(state) <= 120), 
	at INTEGER NOT NULL, 
	place INTEGER, 
	CONSTRAINT pk_changes PRIMARY KEY (id), 
	CONSTRAINT fk_changes_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
INSERT INTO "changes" VALUES(1,'00000000-0000-4000-8000-000000000001',NULL,2,'draft',1796083200000000,NULL);
INSERT INTO "changes" VALUES(2,'00000000-0000-4000-8000-000000000002',NULL,4,'closed',1796083200000000,NULL);
CREATE TABLE checkouts (
	payment TEXT NOT NULL CONSTRAINT ck_checkouts_payment CHECK (length(payment) <= 36), 
	application TEXT NOT NULL CONSTRAINT ck_checkouts_application CHECK (length(application) <= 36), 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_checkouts PRIMARY KEY (payment), 
	CONSTRAINT fk_checkouts_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE counter_closes (
	session TEXT NOT NULL CONSTRAINT ck_counter_closes_session CHECK (length(session) <= 36), 
	closed_at INTEGER NOT NULL, 
	closed_by TEXT NOT NULL CONSTRAINT ck_counter_closes_closed_by CHECK (length(closed_by) <= 120), 
	second TEXT CONSTRAINT ck_counter_closes_second CHECK (length(second) <= 120), 
	reason TEXT, 
	pieces TEXT, 
	counted_poisha INTEGER NOT NULL, 
	unknown INTEGER NOT NULL, 
	by_hand INTEGER NOT NULL, 
	by_hand_poisha INTEGER NOT NULL, 
	CONSTRAINT pk_counter_closes PRIMARY KEY (session), 
	CONSTRAINT fk_counter_closes_session FOREIGN KEY(session) REFERENCES counter_openings (id)
)
 STRICT

;
CREATE TABLE counter_entries (
	payment TEXT NOT NULL CONSTRAINT ck_counter_entries_payment CHECK (length(payment) <= 36), 
	kind TEXT NOT NULL CONSTRAINT ck_counter_entries_kind CHECK (length(kind) <= 120), 
	session TEXT NOT NULL CONSTRAINT ck_counter_entries_session CHECK (length(session) <= 36), 
	at INTEGER NOT NULL, 
	poisha INTEGER NOT NULL, 
	late INTEGER NOT NULL, 
	CONSTRAINT pk_counter_entries PRIMARY KEY (payment, kind), 
	CONSTRAINT fk_counter_entries_session FOREIGN KEY(session) REFERENCES counter_closes (session)
)
 STRICT

;
CREATE TABLE counter_openings (
	id TEXT NOT NULL CONSTRAINT ck_counter_openings_id CHECK (length(id) <= 36), 
	till TEXT NOT NULL CONSTRAINT ck_counter_openings_till CHECK (length(till) <= 120), 
	centre TEXT NOT NULL CONSTRAINT ck_counter_openings_centre CHECK (length(centre) <= 120), 
	gateway TEXT NOT NULL CONSTRAINT ck_counter_openings_gateway CHECK (length(gateway) <= 120), 
	opened_by TEXT NOT NULL CONSTRAINT ck_counter_openings_opened_by CHECK (length(opened_by) <= 120), 
	number INTEGER NOT NULL, 
	float_poisha INTEGER NOT NULL, 
	opened_at INTEGER NOT NULL, 
	CONSTRAINT pk_counter_openings PRIMARY KEY (id), 
	CONSTRAINT uq_counter_openings_till_number UNIQUE (till, number)
)
 STRICT

;
CREATE TABLE counter_prints (
	payment TEXT NOT NULL CONSTRAINT ck_counter_prints_payment CHECK (length(payment) <= 36), 
	copy INTEGER NOT NULL, 
	application TEXT NOT NULL CONSTRAINT ck_counter_prints_application CHECK (length(application) <= 36), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_counter_prints PRIMARY KEY (payment, copy)
)
 STRICT

;
CREATE TABLE decisions (
	id TEXT NOT NULL CONSTRAINT ck_decisions_id CHECK (length(id) <= 36), 
	at INTEGER NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_decisions_officer CHECK (length(officer) <= 120), 
	kind TEXT NOT NULL CONSTRAINT ck_decisions_kind CHECK (length(kind) <= 120), 
	subject TEXT NOT NULL CONSTRAINT ck_decisions_subject CHECK (length(subject) <= 120), 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_decisions PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE erased_references (
	reference TEXT NOT NULL CONSTRAINT ck_erased_references_reference CHECK (length(reference) <= 64), 
	CONSTRAINT pk_erased_references PRIMARY KEY (reference)
)
 STRICT

;
CREATE TABLE host_keys (
	name TEXT NOT NULL CONSTRAINT ck_host_keys_name CHECK (length(name) <= 120), 
	check_value BLOB NOT NULL, 
	added_at INTEGER NOT NULL, 
	retired_at INTEGER, 
	CONSTRAINT pk_host_keys PRIMARY KEY (name)
)
 STRICT

;
INSERT INTO "host_keys" VALUES('index',X'4561240AD424246562AB45F236CDEE76F05DA00AE83B63E3C2862F048E979C85',1796083200000000,NULL);
INSERT INTO "host_keys" VALUES('kept',X'1F6E4CC7FFC65BEC4A207080398F2A2800BB6326DF88A0E41F218322EAF94403',1796083200000000,NULL);
CREATE TABLE inbox (
	id TEXT NOT NULL CONSTRAINT ck_inbox_id CHECK (length(id) <= 36), 
	offer TEXT NOT NULL CONSTRAINT ck_inbox_offer CHECK (length(offer) <= 120), 
	message TEXT NOT NULL CONSTRAINT ck_inbox_message CHECK (length(message) <= 64), 
	received_at INTEGER NOT NULL, 
	due_at INTEGER, 
	lost_looks INTEGER NOT NULL, 
	data_key BLOB, 
	sealed BLOB NOT NULL, 
	application TEXT CONSTRAINT ck_inbox_application CHECK (length(application) <= 36), 
	handled_at INTEGER, 
	result TEXT CONSTRAINT ck_inbox_result CHECK (length(result) <= 120), 
	CONSTRAINT pk_inbox PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE journal (
	application TEXT NOT NULL CONSTRAINT ck_journal_application CHECK (length(application) <= 36), 
	entry INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	kind TEXT NOT NULL CONSTRAINT ck_journal_kind CHECK (length(kind) <= 120), 
	outline TEXT NOT NULL, 
	sealed BLOB NOT NULL, 
	link BLOB NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (application, entry), 
	CONSTRAINT fk_journal_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000001","plugin_version":"office 1.0","service":"office.permit"}',X'018AD58FED076B83602C7E789B81B73CB967D2E1A7EC7BEE87E7AAC25A579483BC0CBD451008B1BD39FCFF04FCE429AA15CC854F47B8184FAE77F861EA887A4168C0D75B8060AA4CD0859D83A66CC5DF5D6398F433CF9CFF957DCF5A41D87B2AF1D5EDC26CD291ED47A367D5808DD95E2CED497637FC3293436488ECC0E18AD21824D3A91502752469855CA7C085473FE798ACD4359A54B0A17E9BC7B9BF44CA21A4F1DFA3E41D339CE51BA1835D3AC90F70AC458854CC7CAF99AEAB29B65BD1EF8411DFF4DD2A9DFA58A9195DAA49F45D0EBFE009C17D28354A1B394574041A6CEE95DA9A8030D5C4A711AE68007BF56EA0',X'DEFB9801D14FF758A801B6FA67C5AAAEBFF23E57E52CBDB46A937DCC7748875C');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01F21BBF280671A4D3E589FC1697BCAE4C0FB5402E1B65AFFE591D83FB03A21EA5BF35CD6FF9CE6AC8F5C4B6708F954D7C26EBEFE7E65207F068C46F903DD8F4E1FD65B18A716418D1408CA2F9826794720E939A4DCC4AA19F70DDD2DFBF743EA79BB0EF3F67E40A8801FE335B',X'F1F5E1E69695C0E9188FCC08B38553FE77082B8D43EF3FEF8F7EABF91D18DF77');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000002","plugin_version":"office 1.0","service":"office.permit"}',X'013C04B5930297725452D40677912170BCA5F3764F80C737104B0ED428634BA5C091274BDB76AD834A92B4948A1AA45E6B74258039FB304A407F0E024F368D9963F8BE8CD4A415F904758F452A73FA99760973D8D81975500DA54011B9403AD90AD6693D2F8CCDB5DE9E443B1C3A865E35653146E0A0F177812E05FD69BB526851739A6E38C69DF26DE87846B9FD06ED20D8D2BA4519B7BE572639026C4A0789F23D7BB6CACC9CD4DE98DCB2180CF004DE037F4C5E1E5D699D6C663FF84644831D7C4AC43D73EFCA97F090CFFE5230C7EC8416486EC147189D8C548802528DD3203B1F636A64879E5B3C9718590713938B5B',X'D0F16AAFB2A1377102D2F44E1402EB5E7330131AF01588208C065C4569189DF9');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'013F1C0A7E16173AB0B92381B4A909ACA472631D4AC6B70728D6FB23923B29215A1F91D54E5FEBE1EC304E771E6CCCF74CFE661C5B78501716E1CF970D63C3809CF8D05A87186954900BAE5A49F3042AFB9FCF33F85D0C745D1E6731BEF04152340FB2E7840F4815E9DB8847BE',X'63C1CEA4EC31B9E79B03E71391E4307F3535E5B5C58595A10431F450D2873A06');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',3,1796083200000000,'moved','{"actor":"citizen","at":"2026-12-01T00:00:00Z","code":"withdrawn","to":"withdrawn"}',X'019CC39C26D6321108B9AC634872DCDE03A1C897A75CFBA7100FFBF05315EB9A6D793CF653444536E9661335DAB8E65DA7F4F9AB338BF5027E37B1CB0059B11836C9AAD0EC1204C43FD36036CCF82D1388E187FCFFD18221F99E5CC7028A60123EBF7096EFCD3BAD34AAFD978AA38CD5',X'6B82F56F50B5450FEAE1B708334876AF5602086D8B7641F60D7FE7B5C3922B80');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',4,1796083200000000,'moved','{"actor":"core","at":"2026-12-01T00:00:00Z","code":"settled","to":"closed"}',X'01981CDD983BC4800483A08F1115A37E99BF95B14A0FE9A1AA9E3599B0E2159EABB8937923623B3CCA1CAFBEAB8D2285BC778BA580ACFB7E96AF6424481BFE2F3C2B28484B841E65C3B13CFD1E4D78AADB4A66BA104D3230BCE24C3256716B331165C6D6107CF720',X'301A265AA68DDAE5A349AE8FE6AC5B308DD4E809B79DF4893719881CD6911C97');
CREATE TABLE ledger (
	writer INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	kind TEXT NOT NULL CONSTRAINT ck_ledger_kind CHECK (length(kind) <= 120), 
	subject TEXT NOT NULL CONSTRAINT ck_ledger_subject CHECK (length(subject) <= 241), 
	content TEXT NOT NULL, 
	link BLOB NOT NULL, 
	CONSTRAINT pk_ledger PRIMARY KEY (writer, number)
)
 STRICT

;
INSERT INTO "ledger" VALUES(1,1,1796083200000000,'applications','00000000-0000-4000-8000-000000000001','{"draft":"nvV9ZiCLoag5ZI/Tf9Acsgk+f3E4JnQbxrPbF93Q07g=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"draft","gateway":null,"owner":null,"hold_party":"citizen","hold_code":"consent-absent","operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":null,"due_at":null,"target_plugin":"office","lease":null,"revision":1,"entries":2,"chain":"8fXh5paVwOkYj8wIs4VT/ncIK41D7z/vj36r+R0Y33c=","blocked":null}',X'2E717E06F91DF5F1B301BE1E706FFC96FD0C2EA3935ADBA487D64C0F6D47CECC');
INSERT INTO "ledger" VALUES(1,2,1796083200000000,'applications','00000000-0000-4000-8000-000000000002','{"draft":"RrxEMS2MqjikBKeeyxuc2emo3xX7v9RVUVMd5Jg4MSY=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"closed","gateway":null,"owner":null,"hold_party":null,"hold_code":null,"operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":1796083200000000,"due_at":null,"target_plugin":"office","lease":null,"revision":2,"entries":4,"chain":"MBomWqaN2uWjSa6P5qxbMI3U6Am3nfSJNxmIHNaRHJc=","blocked":null}',X'06265F724E7503094CF1172BA2389F4669C80D5DA3E1C52FC5ACF8E4328FC01F');
CREATE TABLE outages (
	plugin TEXT NOT NULL CONSTRAINT ck_outages_plugin CHECK (length(plugin) <= 120), 
	began_at INTEGER NOT NULL, 
	ended_at INTEGER, 
	cause TEXT CONSTRAINT ck_outages_cause CHECK (length(cause) <= 120), 
	CONSTRAINT pk_outages PRIMARY KEY (plugin, began_at)
)
 STRICT

;
CREATE TABLE paces (
	plugin TEXT NOT NULL CONSTRAINT ck_paces_plugin CHECK (length(plugin) <= 120), 
	next_at INTEGER NOT NULL, 
	CONSTRAINT pk_paces PRIMARY KEY (plugin)
)
 STRICT

;
CREATE TABLE payloads (
	application TEXT NOT NULL CONSTRAINT ck_payloads_application CHECK (length(application) <= 36), 
	draft BLOB NOT NULL, 
	updated_at INTEGER NOT NULL, 
	CONSTRAINT pk_payloads PRIMARY KEY (application), 
	CONSTRAINT fk_payloads_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000001',X'015AB05D57EC37D06F4898582521B496F657FDC75D54AB0A46482E67BA1A77B347DEC7D5E48B7B72EDFF2E233A19339787165B5E102A92E01721274AF3CDEFECFC378A2817C522C9059D3807D3C541C77F9EDDF11060B34DB3E14BEA3389DFA50F8A938F8EA6B99BE8F42761B05D6FD128FE02AD7B3F3E766AF3E444CB8227EABDD625DEE667A357E1867FD1F8671EA185BB0879526DE168B87743B956DB567DA87A20BE5F452E0E25505BCBC1078E6EEBB16859CAC44592C5D6164782718A11B02CAF5F49A3BB6EA811B7580FE971F33B814C5E719F6BBD6C2AA8745F51BDFE8B54614A430E1928989D031A5F10061D5FF33FB152DF2BFFD54B8ED369B1EDA31FE04199B2A8F65935F9981369C1975A2BDB35023F12A28EE9DE107FD5D59DA64C6A4ACB2FE1C7DC8AAD4F80D7AF2587359C8F9C2C4525A08E227C38A3787A45FBB53BD67DAF2FDD4526D424568C6E08FD65B41CAE5B96084C5F925403FE892BDC1FB9248798E95AD2814B98BC41BCD5C2FE7CAB38CE33232804BEF082E8AE344325F193ED438B96B8824E258F3BFDD1CF57A77CA96A3A275E7CD570E7E3DD9200',1796083200000000);
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000002',X'01591CF802684B690601AD7AC783646EFDDD42089A9FC891CD709A656748B704FD7F345AC7C3D1559EF7140BC1475334A3017C683D77EDCAEF04BD3C858C22C3373EE0EAB6F829A87D0021DB5224BDA5F9961AA2A2971B3C92FDB234878A0AC10A4980BDC2E62AE5C041F1228267BC8D4A746E1AE79BD192F017AFB74BEFC9F7C3A78E98C8EA29C01E0D3EEE0BE7C7BD7CD86E6705C7E49F7865E014014E0A2E99A5A21AF2B5569A8F38D85B87E2487FD0911B2B805C653D86BCEDD04F889C7F3272CCF5CAB9B7208C8E70EEAA3F36C1D5214A53232BD8244B54268200C8EBD8768AAAC382F56B91CFB7170A041B0F939B7D7ECAC1ADCAF05060AC9848789ABAF8C5E7CB821786082AC1E47DC946AF9C052EBAC3317C15864AB6F82B8FCBED7D54BE5FBF216DF82BD5B875A4CFABA762201BA4D0F9737CB520B601BFADC91C21ECD049E36D3B8271E63AC6451E39B91B2F5F7B6C51609C546FF00CD52E7A626FED2D61C1680D2F188F22D25E3867D8D417D140A54CF243D81520538F6AFF6D6F906D26FC70B25098C4D1F93985D71DA6DF2D8B20B4E93E2DC83AD62D417834',1796083200000000);
CREATE TABLE payment_cases (
	id TEXT NOT NULL CONSTRAINT ck_payment_cases_id CHECK (length(id) <= 36), 
	gateway TEXT NOT NULL CONSTRAINT ck_payment_cases_gateway CHECK (length(gateway) <= 120), 
	kind TEXT NOT NULL CONSTRAINT ck_payment_cases_kind CHECK (length(kind) <= 120), 
	day TEXT NOT NULL CONSTRAINT ck_payment_cases_day CHECK (length(day) <= 10), 
	payment TEXT CONSTRAINT ck_payment_cases_payment CHECK (length(payment) <= 36), 
	application TEXT CONSTRAINT ck_payment_cases_application CHECK (length(application) <= 36), 
	poisha INTEGER, 
	currency TEXT CONSTRAINT ck_payment_cases_currency CHECK (length(currency) <= 3), 
	found_at INTEGER NOT NULL, 
	asked_at INTEGER, 
	opened_at INTEGER, 
	ended_at INTEGER, 
	result TEXT CONSTRAINT ck_payment_cases_result CHECK (length(result) <= 120), 
	officer TEXT CONSTRAINT ck_payment_cases_officer CHECK (length(officer) <= 120), 
	reason TEXT, 
	data_key BLOB, 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_payment_cases PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE payments (
	id TEXT NOT NULL CONSTRAINT ck_payments_id CHECK (length(id) <= 36), 
	application TEXT NOT NULL CONSTRAINT ck_payments_application CHECK (length(application) <= 36), 
	gateway TEXT NOT NULL CONSTRAINT ck_payments_gateway CHECK (length(gateway) <= 120), 
	stage TEXT NOT NULL CONSTRAINT ck_payments_stage CHECK (length(stage) <= 120), 
	quote TEXT NOT NULL CONSTRAINT ck_payments_quote CHECK (length(quote) <= 120), 
	state TEXT NOT NULL CONSTRAINT ck_payments_state CHECK (length(state) <= 120), 
	poisha INTEGER NOT NULL, 
	currency TEXT NOT NULL CONSTRAINT ck_payments_currency CHECK (length(currency) <= 3), 
	taken_poisha INTEGER, 
	opened_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	captured_at INTEGER, 
	captured_known_at INTEGER, 
	refund_requested_at INTEGER, 
	refund_ordered_at INTEGER, 
	refunded_at INTEGER, 
	refunded_known_at INTEGER, 
	acting TEXT CONSTRAINT ck_payments_acting CHECK (length(acting) <= 120), 
	centre TEXT CONSTRAINT ck_payments_centre CHECK (length(centre) <= 120), 
	CONSTRAINT pk_payments PRIMARY KEY (id), 
	CONSTRAINT fk_payments_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE permits (
	id TEXT NOT NULL CONSTRAINT ck_permits_id CHECK (length(id) <= 36), 
	plugin TEXT NOT NULL CONSTRAINT ck_permits_plugin CHECK (length(plugin) <= 120), 
	taken_at INTEGER NOT NULL, 
	lease_until INTEGER NOT NULL, 
	CONSTRAINT pk_permits PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE request_keys (
	id TEXT NOT NULL CONSTRAINT ck_request_keys_id CHECK (length(id) <= 64), 
	digest TEXT CONSTRAINT ck_request_keys_digest CHECK (length(digest) <= 64), 
	subject TEXT NOT NULL CONSTRAINT ck_request_keys_subject CHECK (length(subject) <= 120), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_request_keys PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE restorations (
	at INTEGER NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_restorations_officer CHECK (length(officer) <= 120), 
	reason TEXT NOT NULL, 
	caught_up_at INTEGER, 
	CONSTRAINT pk_restorations PRIMARY KEY (at)
)
 STRICT

;
CREATE TABLE settings_reloads (
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_settings_reloads PRIMARY KEY (number)
)
 STRICT

;
CREATE TABLE suspensions (
	kind TEXT NOT NULL CONSTRAINT ck_suspensions_kind CHECK (length(kind) <= 120), 
	name TEXT NOT NULL CONSTRAINT ck_suspensions_name CHECK (length(name) <= 120), 
	reason_en TEXT NOT NULL, 
	reason_bn TEXT NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_suspensions_officer CHECK (length(officer) <= 120), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_suspensions PRIMARY KEY (kind, name)
)
 STRICT

;
CREATE TABLE workers (
	id TEXT NOT NULL CONSTRAINT ck_workers_id CHECK (length(id) <= 36), 
	name TEXT NOT NULL CONSTRAINT ck_workers_name CHECK (length(name) <= 120), 
	started_at INTEGER NOT NULL, 
	beat_at INTEGER NOT NULL, 
	lease_until INTEGER NOT NULL, 
	key_names TEXT NOT NULL, 
	kept_out TEXT, 
	settings_reload INTEGER, 
	CONSTRAINT pk_workers PRIMARY KEY (id)
)
 STRICT

;
CREATE INDEX ix_applications_person ON applications (updated_at) WHERE closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review');
CREATE INDEX ix_applications_closed ON applications (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ix_applications_service ON applications (service, state, opened_at, id);
CREATE INDEX ix_applications_hold ON applications (hold_code, opened_at, id) WHERE hold_code IS NOT NULL;
CREATE INDEX ix_applications_due ON applications (target_plugin, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_applications_lease ON applications (lease_until) WHERE lease IS NOT NULL;
CREATE INDEX ix_applications_opened ON applications (opened_at, id);
CREATE INDEX ix_applications_agency_reference ON applications (plugin, agency_reference);
CREATE INDEX ix_applications_blocked ON applications (blocked, opened_at, id) WHERE blocked IS NOT NULL;
CREATE INDEX ix_applications_owner ON applications (owner, opened_at, id);
CREATE INDEX ix_payment_cases_application ON payment_cases (application);
CREATE INDEX ix_payment_cases_waiting ON payment_cases (opened_at) WHERE opened_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ix_payment_cases_payment ON payment_cases (payment);
CREATE INDEX ix_inbox_due ON inbox (offer, due_at) WHERE handled_at IS NULL;
CREATE INDEX ix_inbox_message ON inbox (offer, message);
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_permits_plugin ON permits (plugin);
CREATE INDEX ix_agency_logins_plugin ON agency_logins (plugin, at);
CREATE INDEX ix_request_keys_subject ON request_keys (subject);
CREATE INDEX ix_request_keys_at ON request_keys (at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_ledger_subject ON ledger (subject);
CREATE INDEX ix_applicant_mobiles_mobile ON applicant_mobiles (mobile);
CREATE INDEX ix_payments_captured ON payments (gateway, captured_at);
CREATE INDEX ix_payments_application ON payments (application);
CREATE INDEX ix_payments_centre ON payments (gateway, centre);
CREATE INDEX ix_payments_to_give_back ON payments (application) WHERE state IN ('refund_requested', 'refund_pending', 'refund_manual');
CREATE INDEX ix_payments_acting ON payments (gateway, acting);
CREATE INDEX ix_payments_opened ON payments (opened_at, id);
CREATE INDEX ix_payments_state ON payments (gateway, state, opened_at, id);
CREATE INDEX ix_checkouts_application ON checkouts (application);
CREATE INDEX ix_changes_place ON changes (place);
CREATE INDEX ix_changes_owner ON changes (owner, place);
CREATE INDEX ix_counter_openings_centre ON counter_openings (centre, till, number);
CREATE INDEX ix_counter_entries_session ON counter_entries (session);
COMMIT;
