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
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE alembic_version_counter (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_counter_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_counter" VALUES('0001');
CREATE TABLE applications (
	id TEXT NOT NULL CONSTRAINT ck_applications_id CHECK (length(id) <= 36), 
	service TEXT NOT NULL CONSTRAINT ck_applications_service CHECK (length(service) <= 120), 
	plugin TEXT NOT NULL CONSTRAINT ck_applications_plugin CHECK (length(plugin) <= 120), 
	plugin_version TEXT NOT NULL CONSTRAINT ck_applications_plugin_version CHECK (length(plugin_version) <= 120), 
	state TEXT NOT NULL CONSTRAINT ck_applications_state CHECK (length(state) <= 120), 
	gateway TEXT CONSTRAINT ck_applications_gateway CHECK (length(gateway) <= 120), 
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
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000001','office.permit','office','office 1.0','draft',NULL,'e061456d617143f2958b5cabe65dd6cd1776dbb0f5a493e94b7e097e9d723f11',NULL,'citizen','consent-absent',NULL,1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,'office',NULL,1,2,X'0CE4FF701297E4A6A8B97CB08A5138A75C9845632FD670EE388522B040D895B1',X'6B6570743A01C21A9E80039BBD3C2B3147E14562031BE31048B89DC6E854FA3E5348A90EA656F4789EBC754FDDACBE2BF5A168919B314DB1FBA6D441ED9218195D59',X'01C8A53ECEAF6FE99D57CABA7B4A7A02D5E39BCAD1DFD00A8F9392418AB863B4DD92A42A34D1AA454FCE51A425FF69118AE2881FF74B7E2054E0E9D0420588D1AB6AA265749AF9753357A6C3A0F1EE1E31F107CF0997D137BB2D989B5CF57E539042441C9D821C29A059126025793DD6BC56767855AAED2E0E5A933C958B6FF7FDFBB6E84BB2BFE8CD54C91C9E709561A0BE74FB9B0102FE630244E88CCA53E40CF52195C5B5527466CBEE6E1DEB3956B5F805430B708A8CC5B64232FA63BD5BC73CEF2EBC0EAE7D98DDF4DEB1C91991B76F115DBDB38CA170C0FFC863DC7AA53F6B10903EF31DAAF62A27A7545C8E32781556FE5C92E9761F288434AE1A62111E3DFA584D84E005020664C1EF4AE06CB8DECE746B5D295FFB3875BE8147AA3C819C74F2E5EA2BF929033C00120355469F084FD71108CA',NULL);
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000002','office.permit','office','office 1.0','closed',NULL,'4e21f06c5e22f4926f4e8ee05eca849e6905b4e75a7b1a498e77db553a983aa7',NULL,NULL,NULL,NULL,1796083200000000,1796083200000000,1796083200000000,NULL,NULL,NULL,'office',NULL,2,4,X'0FD20D99BC5D271B5C912853A399AD130A2B9444E5770D3931B73D9DF3B1DD83',X'6B6570743A017579E53D6BAEFB424E729F0F0D588F25724F273FA7CF9C037947F78690AED34605EE2E995B1128EE77FBF0620788E4CBF862D76AD2A417040494CD6B',X'012396FE34D3DFF813BC52117BEF105C0A1E72544D7AAB1FB8036E8E3CAB1DEBD4EC424F898A1C2EE8CF6B754E30A03C86DA814874CF520899F33E618D52435C9CA6719AF80C396EC811987482BC33D08C3D912C1712055FF4A7E2BBDA99CF9F19BCA9882AF0179A296F7EF1B374927F9767CA92A007DA2CE002C9830C54F31F704BBFD8707A66AA8B18CDC19031FDB8D6EA9F27630928A9DA1E23744886031070D91E2E2EB775124CC716FEF206D7FDDBD5C90998D44D17CD392ED7F54FCBF429053059D1DC8FCC90CD4FE6F072DB24331BEAC4DF9DC7A93096808D6922F1A05626057522CBFCDEB296E7A547AFD45AAA9C8BA001155144664F041A7ED64321131467726B74DA144F21DB5B0EAE22B4B69C3FD0D5',NULL);
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
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000001","plugin_version":"office 1.0","service":"office.permit"}',X'014F3776DC6B6CEA443566D7FC2D623CF8B2CEDF7D96A0559D066B97795B689A8CF969036DB4C0E4B5531694B245148C4F32633D337F389B86A966D517C8D9D3379F216B38D6B56B9BB3C5EAF24FA6159137091B0AC14E6BD142E907FD9EE39CD9A1C7C6A10D426F0ED4B9FA9D35E77EBCC248BEBB17CD7B833D56BCD503109BD75D3EA9B1259897FA397E727AFA94335A5E0A9C2717E3BC6C57C288DA3AD019841A66523C99E1CC02C80DC4D80EAB9168920CCE923DC4DD2204D4B9D74514CB3DE93998E05193916927FC7A22DBEDDBCCDE2FC5938A612A4EDA4839323893523A8B26851D1D15225F12C3E8A63367DD9347',X'4487004B855F4DAE8BC0DCFEE26F1BEFB069C7493927BE5A6AD6B776EA1C913C');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01BEF602637B5FE1DFD100670EBEA7271F5C628E312BC903A3F54A777C9D128DD5BB9C2164BBCC1695165A738E2A4DB81A9D3E2054C17506726871266E3BC7ABAF8D1D72CE02403541403D00CE478934304AE4509CC21A36861469600747AED83911CEC35AE4D60866E4880A38',X'0CE4FF701297E4A6A8B97CB08A5138A75C9845632FD670EE388522B040D895B1');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000002","plugin_version":"office 1.0","service":"office.permit"}',X'01EE7FA11675B0C86BE40EB33D17ABB9245637848628CF0C7F1D8C150E16510413D7FA9AE8E79BE4C03136BE28CC4F97AEBF0959C6A9F8C0A2CFC6A8D571E58D80B2F5DEFF5196ABF6629E9CF487DEB8EE6FFE5D8548B837A67E14714F91CD23D89A9F5A84785CFF291A8AC037153838771F93E97BC385699611139252AE7AE7443D79CC93E1FC8B5F6F3CA2D0241E575AE39DA6DA220AB0BE1D2C97B1513E6C8D9AF3EF62505D50126C8AD17C15BA8677596F6573178CEE6E78FE27DC8A6FC9E94A3419B07482C4748DECD8A4930FACA008F65AA619A6C18FBA759E8E2C02D9F23C2C6D989A2968FE1A2B87818B42C68F84',X'3CDFB77C63B3EB18E6C5F978230DB8BB5EC7F33797E905E8FC5C33259644C180');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01CD743F0C847F32ECD420740C314A10FB691FA8876ADA1E769A0BF2B5F7569745E60DF86812A8FAA13DC882EB4E7B29399CE057D3B9D96AB82C5D0C57F14CCD69D0931312243B08356C12CA6F3E19A5AF66A88BA5838F6BB8F9DAA796345E685AED1B1082898D92EA977B382F',X'F7DFD04726A07E828D9FFAEC9CB14542A0E80B0505D82B07905176D1C5B97409');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',3,1796083200000000,'moved','{"actor":"citizen","at":"2026-12-01T00:00:00Z","code":"withdrawn","to":"withdrawn"}',X'0166CF72A35AD0E701A7C8DA0D77607102E47CE001070597B2FF52A6F09134C29291CBDDBD160C302579FA679586E396F707997A1B8875AF5505C28BBF815E24A686AF7E641FE0FBBB3F7E2C2A1FF8CA05997ECDBA28BB718B549F59379BECE3E78BDB7D23BCDED15841BC8C4496C0DD',X'B66D20D53A5FA677D6347FA7F0AACE081EA514A249536F26564DC3B8CFED44C4');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',4,1796083200000000,'moved','{"actor":"core","at":"2026-12-01T00:00:00Z","code":"settled","to":"closed"}',X'01A402D1DB848F39106E9791E941664A44B3384BB8373E0415B05DB000356B99CAF39B0E51AD4277E410AAB8872C98D3A5F904B0120CCB6FD00C5E5ED157D1D38C785CDD926F336F1551EDE431270A5C750ABC00494841CAC363FF4A2DA43FF054F021E099CBB925',X'0FD20D99BC5D271B5C912853A399AD130A2B9444E5770D3931B73D9DF3B1DD83');
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
INSERT INTO "ledger" VALUES(1,1,1796083200000000,'applications','00000000-0000-4000-8000-000000000001','{"draft":"zEahA+yfyI7Z6rKN92aHkveUegF3d6l9L78w+P1fjgQ=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"draft","gateway":null,"hold_party":"citizen","hold_code":"consent-absent","operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":null,"due_at":null,"target_plugin":"office","lease":null,"revision":1,"entries":2,"chain":"DOT/cBKX5KaouXywilE4p1yYRWMv1nDuOIUisEDYlbE=","blocked":null}',X'DDFD59FDBACD56CBB09FBBDE14427ED9D92AEEF5765E1B5CE10CE34B61E7F277');
INSERT INTO "ledger" VALUES(1,2,1796083200000000,'applications','00000000-0000-4000-8000-000000000002','{"draft":"OqEtUCElWrxiFJDpkBSXTI0I7hVsjNtWF6/heJNUSI4=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"closed","gateway":null,"hold_party":null,"hold_code":null,"operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":1796083200000000,"due_at":null,"target_plugin":"office","lease":null,"revision":2,"entries":4,"chain":"D9INmbxdJxtckShTo5mtEworlETldw05Mbc9nfOx3YM=","blocked":null}',X'F3FC87BF067716D98D3C15EFCB9ED9E3CD4722C784CCE5ADCC6D4B982E37615D');
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
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000001',X'012C923BED9413E2EE62B563D7DDFC151BAFB80922B2831AAB74023013CDA8F72ECC509B9BCB64D8275923ABEA9D1AC93BC9E4A3EDE8155BA743895B52195ED64EC9ECD4842D1D5CC1F076BB6EE4B1CB102064ADC0258CB59AC4FC15ED45AD006F10D574646C0E3C10223A63FBE4FB52E117416F68C6AC37F40C80FDF9C7703E62A7F23E6304717F310215DD9C65CB68994C4CE3C6AFB2B9279297C123E3ADB939375D129DF5572738DC6E9647AC04B0EE458F0C7FBD2A30B18A374270527F5A098A249721C6CE852978DF34001A1BBE06FF6193FDEE9BC04E123CC5985CFFE95D143AF0B60E114120974628633F4248E849DA5BAC52B4C07B6BE33EE6DB68A4F98854E12054FBABC0A47B2FC174708701B5A0D9DE47A0939F47BE82016BBBCCFEEF9A61E151014CA015B6290964B67C226734CDD2B423CF13AE2C070A697BA1927B15027A03CC7896FEF3D51B3B2C3AA68EF2F04659C5F5B34AB9FC6B5476F83EAB5CA806E0E075477EA5079DA18D6EDD4541F3AD05F5A980A7B715A77F055CA3041D334F4176DDD33A2563D040717E1B71DBF6AD45C4A4EABA8766893F3E74B6',1796083200000000);
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000002',X'01B9E91C33962CEDB3C79BAC24D7A991A2BBF0DC3C9C9CC3A6A98822C4C9AE28ABA813AE92B0CDF73C83334DB1BB53DBBCFE7E7EA2C85BC554AD723C16BAA0E734410A5BDBFA1AF41B318E6CF1DA8EDAEF0241D590C42381597C095B72C86437DC4761F60EE98156558F6E8B5AF1A6162BE1F4D7F817E14D5E62253B615782B82A90CF1F0B2028AB4B5B21E93A7D96F650628CAE5F95B179D684267D7F0E7052E912975C96C0FF93A452642770261ACF3C39ACBC215882B0662D696C6403C13FEA321D46E70041AC98C9F05A0095978E7E7282176EA7A4B0FA9F3D26DF3AB0EA3D9B07E7594F9EDD373F11BAFEC2DD2899B4B2174F2AD307F25753810A8CFCF0AF29AABEB1CED82047727125DCD5ADF545DAD4569C03E54C39A66B0D1E5C76FD2EB2165AC428BDF440C7B3059D7FE1F7FDCF6A12C3BB2C687584A5A3DCC003E7A536AAE094043CC98DBAF33ABC0BFE6282E32B6846667935310EA11D2F0C7927828C5683E5FA7156F364A28C661516F5FB68770233903BA3AECF6C77B1EA8289FFD4C07AEE5AD08C1ABA63045AD4C728605D56B2D0F6F4C5908E3DB4C1A2E8',1796083200000000);
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
CREATE INDEX ix_applications_due ON applications (target_plugin, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_applications_closed ON applications (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ix_applications_opened ON applications (opened_at, id);
CREATE INDEX ix_applications_person ON applications (updated_at) WHERE closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review');
CREATE INDEX ix_applications_service ON applications (service, state, opened_at, id);
CREATE INDEX ix_applications_blocked ON applications (blocked, opened_at, id) WHERE blocked IS NOT NULL;
CREATE INDEX ix_applications_hold ON applications (hold_code, opened_at, id) WHERE hold_code IS NOT NULL;
CREATE INDEX ix_applications_lease ON applications (lease_until) WHERE lease IS NOT NULL;
CREATE INDEX ix_applications_agency_reference ON applications (plugin, agency_reference);
CREATE INDEX ix_payment_cases_payment ON payment_cases (payment);
CREATE INDEX ix_payment_cases_application ON payment_cases (application);
CREATE INDEX ix_payment_cases_waiting ON payment_cases (opened_at) WHERE opened_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ix_inbox_message ON inbox (offer, message);
CREATE INDEX ix_inbox_due ON inbox (offer, due_at) WHERE handled_at IS NULL;
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_permits_plugin ON permits (plugin);
CREATE INDEX ix_agency_logins_plugin ON agency_logins (plugin, at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_ledger_subject ON ledger (subject);
CREATE INDEX ix_payments_centre ON payments (gateway, centre);
CREATE INDEX ix_payments_to_give_back ON payments (application) WHERE state IN ('refund_requested', 'refund_pending', 'refund_manual');
CREATE INDEX ix_payments_state ON payments (gateway, state, opened_at, id);
CREATE INDEX ix_payments_opened ON payments (opened_at, id);
CREATE INDEX ix_payments_captured ON payments (gateway, captured_at);
CREATE INDEX ix_payments_acting ON payments (gateway, acting);
CREATE INDEX ix_payments_application ON payments (application);
CREATE INDEX ix_checkouts_application ON checkouts (application);
CREATE INDEX ix_counter_openings_centre ON counter_openings (centre, till, number);
CREATE INDEX ix_counter_entries_session ON counter_entries (session);
COMMIT;
