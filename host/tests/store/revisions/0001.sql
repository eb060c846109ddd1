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
	tried_with TEXT CONSTRAINT ck_agencies_tried_with CHECK (length(tried_with) <= 64), 
	CONSTRAINT pk_agencies PRIMARY KEY (plugin)
)
 STRICT

;
CREATE TABLE agency_logins (
	login TEXT NOT NULL CONSTRAINT ck_agency_logins_login CHECK (length(login) <= 36), 
	number INTEGER NOT NULL, 
	plugin TEXT NOT NULL CONSTRAINT ck_agency_logins_plugin CHECK (length(plugin) <= 120), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_agency_logins PRIMARY KEY (login, number)
)
 STRICT

;
CREATE TABLE agency_tokens (
	id TEXT NOT NULL CONSTRAINT ck_agency_tokens_id CHECK (length(id) <= 64), 
	plugin TEXT NOT NULL CONSTRAINT ck_agency_tokens_plugin CHECK (length(plugin) <= 120), 
	login TEXT CONSTRAINT ck_agency_tokens_login CHECK (length(login) <= 36), 
	under_way TEXT CONSTRAINT ck_agency_tokens_under_way CHECK (length(under_way) <= 36), 
	failed TEXT CONSTRAINT ck_agency_tokens_failed CHECK (length(failed) <= 36), 
	failure TEXT CONSTRAINT ck_agency_tokens_failure CHECK (length(failure) <= 120), 
	refused TEXT CONSTRAINT ck_agency_tokens_refused CHECK (length(refused) <= 120), 
	refusals INTEGER, 
	data_key BLOB, 
	sealed BLOB, 
	renew_at INTEGER, 
	under_way_until INTEGER, 
	held_until INTEGER, 
	refused_at INTEGER, 
	changed_at INTEGER NOT NULL, 
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
	opened_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	closed_at INTEGER, 
	due_at INTEGER, 
	parked_at INTEGER, 
	lease_until INTEGER, 
	erased_at INTEGER, 
	operation TEXT CONSTRAINT ck_applications_operation CHECK (length(operation) <= 120), 
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
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000001','office.permit','office','office 1.0','draft',NULL,'e061456d617143f2958b5cabe65dd6cd1776dbb0f5a493e94b7e097e9d723f11',NULL,'citizen','consent-absent',1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,NULL,NULL,'office',NULL,1,2,X'A44822CC5458B484C7D69EAEE9DD6CBD179DBC90CA191811E9CE617DFA44FC8F',X'6B6570743A0126A55017AEECE2475E39D7A202168E2D0B0704B4C0A5F5CA6E0CC63250B0B755C7A3BB50D9E34C40177BDE1575E57729FDF37B307D51BE6D564E1918',X'010B93CCC9A9CC25E1D2500C94D9DA4B11C5FB893D11FD4505358CB40842892A8FDE4C19C7C15AB67568EBF8F939AC8FBAB541B7CA272448511B68FF40CA48A6B9848520663240093B114BC048228A6094488151950528C8A62F2B1D4AF4F5AB78EE8DD5B92DAC90761EC59CFEA710353BADD9698DEC8F746634333C870EAC728845174E7357BBF5704DF409CA6B6789C7FA0D664FC38D62D2955A98164B4714298447E01A92E1C195D2FD27BE387260E217493952F32DD2227B996A2AE3A0C251CE00D55C66DC44AC67E2FB81D3E2E0B93EFD85D427FFD5ADEA34960593A5D09BDF5388CA111CE2C917339DC4640F3785FD78528E11B11B9F85C5119124B72E6DA218F42541AD4840B4FC2BFA292A1E1DBB9ACBF5D1EC5B219AC894891A8A926887B4DB1DFC6A65393C227C8F336E8ACBB30F558BA74B',NULL);
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000002','office.permit','office','office 1.0','closed',NULL,'4e21f06c5e22f4926f4e8ee05eca849e6905b4e75a7b1a498e77db553a983aa7',NULL,NULL,NULL,1796083200000000,1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,NULL,'office',NULL,2,4,X'8E2A66D58735D9AD356E209E8251DFBB64F05741D83CA934C2029CCA2624B2A2',X'6B6570743A013F0AC624C2210ECFD03E1A47AC47DAF0565389224D40B8D1C5A132D05AC9C50B0FB6FB1C7FBF20E0F6191643B4E4D60067823E426E79AA954531EAF7',X'019A2715536851CCE697A6A854E041198B77FC7058A397B684DF94AB96E64EEBB5F3434F621BD84307DB49090E4224902D24AD916C0F84E79929EFE2DC43F83AC00FD727C4222EC21F5C1C5F92D96182A285D5142B1009E201AD0F46B67870885BAC2FBA90EBE4D445685D7FE97E81E0C93216F4A7B97B9D45F86502A6ACB1267857C14EC5CCFC71A0EDEA04AAC183ECB1BFC995A0567F369B32B84424CBDDDCBEE6FE1ABA31CFB321C6507A53DDD05A35EE4A8AB4F702789CEF398A6249E891A6A86E3465B4BF6C2A1B526168DB539485A2D3BC3F5524820351061A70F2EAD5DF528FD2BE8038302AD854687C7BA76415853E797CB318D793ED3A5AB96DB0E47E47290A28499D98156A539D0E6D06AA17BE0EA1D5',NULL);
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
	arrival TEXT NOT NULL CONSTRAINT ck_inbox_arrival CHECK (length(arrival) <= 64), 
	received_at INTEGER NOT NULL, 
	due_at INTEGER, 
	looks INTEGER NOT NULL, 
	lost_looks INTEGER NOT NULL, 
	data_key BLOB, 
	sealed BLOB NOT NULL, 
	reference TEXT CONSTRAINT ck_inbox_reference CHECK (length(reference) <= 64), 
	application TEXT CONSTRAINT ck_inbox_application CHECK (length(application) <= 36), 
	handled_at INTEGER, 
	result TEXT CONSTRAINT ck_inbox_result CHECK (length(result) <= 120), 
	proved TEXT CONSTRAINT ck_inbox_proved CHECK (length(proved) <= 64), 
	CONSTRAINT pk_inbox PRIMARY KEY (id), 
	CONSTRAINT uq_inbox_offer_proved UNIQUE (offer, proved)
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
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000001","plugin_version":"office 1.0","service":"office.permit"}',X'01BA0E218D468CC03BDFC32F7A758C9A8FF363CDF4AA2D84CD35CE5F3F5CF22888C8E63444BC2A47639A1B3C41C9F537EA9704B46D5CAD58A6AB2C99ED147955E841FFBC27ADD32957D03A6A4D516B077BFB1DD6C98E45C23FAA78A8FEE033186D7496DEDE8471FD1194572CC5A8E5018F492DD61EE7B6B59C2DCDF0F3AEC72A30B03F033426879EA170885E62C41F5E2858513D3FACF3FF3BB683AB7B3E10D235BE0A57D19E741C165CFC2927CDF6D4651DBCDB903CD809F299CA4DB0D57FA4983C5FADC246BEFAAFF0589522418AF0B53AAF6234D874ECF1C4D686AE1F5F7C52A65AC5840368D29FDBFD2DBBEB6EA14BEA',X'A58B06B60783FE3387F31D894BC3754AFC4B75C42BC0D17C223B79D9611DD3D7');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01CBC491259D9CC95C11DBBB9413ED63B59D97B1AA300E6922AC4335D851B0296EF9697B588B0DD4C0A86C6EC65E7D47F60F2DD932F01ABC7BBA8D596F2D70D414E5AA6B595DFC2DD5899DCEF6F84A9B5504A6C37C4BA1C07A532E24002335D494158665501333AE8640B2F8C6',X'A44822CC5458B484C7D69EAEE9DD6CBD179DBC90CA191811E9CE617DFA44FC8F');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000002","plugin_version":"office 1.0","service":"office.permit"}',X'01DB65547F34223577F1CB71C25A441092554046F6C2D3C0811A0BBC8F26A4B754AB473B1A122653753483D78E6C1D53E8A4D6E30896E0E2BA64F973AC49B532714F50574E5B76DDCDF13378C8277DDBBC23D25DCF6AFDC201F06B3C8B642C1C2DF0DE60C93D3DBAFD329F7F650EC4F24F937FDDACD63771589A03399C56633A5E3E375639B99C5496845207749E5876F4DACFF4CD95256A69803353A709903229A995C47527ADD5C7DCAEFCE111D6FBB3A439C85958AD9F4AB6955099A76EAF8E6025D45039C46451DD2199B80CF55E51FDE35DCD2AFD9B03AC60C2628D0615D48F0D78497657444BF12CD1E6B0221D7A0A',X'DC7937FFC00971743CD186FB1F630CC130ED1D508C217B1E56B4FC8E18E3F566');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'011754CCE3CBF41E9FD3BE829E43220AED611EAC566E98270E0A7DA27CF831CE8433FABA0FCC7883601EB1D12D10CC2FA44D2E0681638C1CC528654490C9B62F51367B7F3F28A5ECC9EF16BF63224FC50D8D361BBDD12A30BC7283F2183529F10CE44E1237E09AAB8CCBA757A2',X'94623BF20EEB3E426203E1776F9D572E9BC27DA127F1BBB12F608371FECEFB8F');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',3,1796083200000000,'moved','{"actor":"citizen","at":"2026-12-01T00:00:00Z","code":"withdrawn","to":"withdrawn"}',X'0152A7F92E6B7141DECE61DC20455914AC1854DE6548BBE5B93548A061F5C9FEC939E7E2B9E4F0B76906739B5F4DCA334C69FB487AA7F8E3CF5336EC6ECBA8B69406ECE2B69C9524C7A2A7EAF6D8AA85A710BF48CBD18BAD1B162E51276FF68FFBC5B6FEF763A7237A6C79CC67B292FA',X'A67940903EADD66B263E256FBD5B68E227E15289A66491AF3D5D759D79ABCEB9');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',4,1796083200000000,'moved','{"actor":"core","at":"2026-12-01T00:00:00Z","code":"settled","to":"closed"}',X'010C7D70B2E9BF55DDCBECD693FA5F74C1C525CBF3D670372F06F7C57D00B2E40D9191B351ECDFAB0C962746D67F6FF2BB6E7FED0B6BF4DA072A3EAE707AAD535AA069CD9AB78F276907C5217A439283DABDABDB1FE07C7E34D6E9C91DE0C1FC92DF43FD4A8EECE7',X'8E2A66D58735D9AD356E209E8251DFBB64F05741D83CA934C2029CCA2624B2A2');
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
INSERT INTO "ledger" VALUES(1,1,1796083200000000,'applications','00000000-0000-4000-8000-000000000001','{"draft":"Ug2DYbHNN56WiRPSBNYBmWvm6MIjsbJQhEilMe1X8jg=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"draft","gateway":null,"hold_party":"citizen","hold_code":"consent-absent","opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":null,"due_at":null,"operation":null,"target_plugin":"office","lease":null,"revision":1,"entries":2,"chain":"pEgizFRYtITH1p6u6d1svRedvJDKGRgR6c5hffpE/I8=","blocked":null}',X'18987D0A1786294BAD83C4468A932298A8FCA4A4E012C31AF48855729CD21FAB');
INSERT INTO "ledger" VALUES(1,2,1796083200000000,'applications','00000000-0000-4000-8000-000000000002','{"draft":"uUXYnrJ+ZBRVMhA1rjPrL7Sk0vSSdqSrRBiHhd8Ti+8=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"closed","gateway":null,"hold_party":null,"hold_code":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":1796083200000000,"due_at":null,"operation":null,"target_plugin":"office","lease":null,"revision":2,"entries":4,"chain":"jipm1Yc12a01biCeglHfu2TwV0HYPKk0wgKcyiYksqI=","blocked":null}',X'17614077117C423C46D94C09590D5F4A82689B01352E0DDC32B4DEEB3B3F77D9');
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
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000001',X'01C31C2BA10AE38AC686B4C690117A4B1F588A403FEF62C15CA880636A592FB2DDAC0F8E3A265ED37B47BEC1E66B95517FED8191A6ADC53786613ADEF981C90AEA557FB9B833DAEB0755BCD938C8184D96320B3F5CC4566177ADC6F324BD092D8F1F21DD6E4E5D118982132503E03878C7406B39A3C66C6572D43E79610A071BFC45544043BF0FE9D6E9DC7494B3D61A300ED4EBFF78533E931A47DD3F99C91270ED08D4250265B7670CF38D6CBC7E8D6B7A37D399212464C71A1CA8319FE760A1C47120546AF249A6F7303D764A29457593CC2553C2D9BDF26B7B22E3157CF2703CB942C88B82A2F172CD1CC2ED4B015B76D23C113867DF227C831D8B8D68E709BE5275FE624A494D9EFC3A6BF449E23690AC1012ED567FA0D47633F9185B02FF7192F48AB83F8C9B8CA7AF93FF84C6F5AE021A87D8C0B1200BBE01D9EAFDAD408DC4E30640F4A437E30902100017DD1229F56A072604215BD94744F01E1A47BB62CC6E6905A074726D9893CE14F9AAA0A1F1A9818B8D3A9B4CFF248DA94D186D83AC87362F4ADE33AB27EA87EF2E6B5EE520CF32674DE34FE85653BD9A0465C5',1796083200000000);
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000002',X'01C12198C23BA8EEB9AEE2BCA828131DB59E6E5AA8789EAB3C32A82D3F3169297CEFDEA6119D8B8D34553D7E6C703839E6F3AAF852FE05CA1B9CE676EC2CEA8B95C7C97DF27575F8112725CF53F4EFAB16024B7467524F77B65A56F49931F7A5AFC3D3E92BDCDAE45830CC7F54573391CFB728E68D60FD8DE142E1BBF01E01B73BB9D00D6226451655B22449582C9192948F2BA1320FEEF452084D64D3A4AEF939352DF5894EF38E808ACE7847CDCDD55DA699FE8E37394A4E7E5AB42511BE169805D9ABC11B72D68CB88FCDD5D601F580558E15609929E631FA3D7347ED62A869097E12AE6BED9EDD4B55F6234A5569C97C3EA2B99A190BE0E4D23D136D48FFE7FC60EECF1F8DADA215FF86C667DEBA802001AB1AEFDAD47775CAF54FD47C7DD3ECE0201E067C021C74DE06828F6B6331D5D9EE0725DA90FF8C577D2238BC89D4D5D8FFF2734BE550FDA6C871D219A80301D6E9599FCADE36429D9A29A2C43FF89C92E7AA1D3EE0D1B5D16C7532587F2EE3E179AF6D08008856E42644AE89F5C4A349A923D52B57EDF20D25B43315BEC964BF6F60C1FC574F05B8729FC378',1796083200000000);
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
	worker TEXT CONSTRAINT ck_permits_worker CHECK (length(worker) <= 36), 
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
CREATE INDEX ix_applications_blocked ON applications (blocked, opened_at, id) WHERE blocked IS NOT NULL;
CREATE INDEX ix_applications_opened ON applications (opened_at, id);
CREATE INDEX ix_applications_closed ON applications (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ix_applications_agency_reference ON applications (plugin, agency_reference);
CREATE INDEX ix_applications_lease ON applications (lease_until) WHERE lease IS NOT NULL;
CREATE INDEX ix_applications_hold ON applications (hold_code, opened_at, id) WHERE hold_code IS NOT NULL;
CREATE INDEX ix_applications_due ON applications (target_plugin, due_at) WHERE due_at IS NOT NULL AND parked_at IS NULL;
CREATE INDEX ix_applications_person ON applications (updated_at) WHERE closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review');
CREATE INDEX ix_applications_parked ON applications (service) WHERE parked_at IS NOT NULL;
CREATE INDEX ix_applications_service ON applications (service, state, opened_at, id);
CREATE INDEX ix_payment_cases_application ON payment_cases (application);
CREATE INDEX ix_payment_cases_payment ON payment_cases (payment);
CREATE INDEX ix_payment_cases_waiting ON payment_cases (opened_at) WHERE opened_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ix_inbox_due ON inbox (offer, due_at) WHERE handled_at IS NULL;
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_inbox_reference ON inbox (reference) WHERE reference IS NOT NULL;
CREATE INDEX ix_inbox_arrival ON inbox (offer, arrival);
CREATE INDEX ix_permits_plugin ON permits (plugin);
CREATE INDEX ix_agency_logins_plugin ON agency_logins (plugin, at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_ledger_subject ON ledger (subject);
CREATE INDEX ix_payments_application ON payments (application);
CREATE INDEX ix_payments_state ON payments (gateway, state, opened_at, id);
CREATE INDEX ix_payments_opened ON payments (opened_at, id);
CREATE INDEX ix_payments_captured ON payments (gateway, captured_at);
CREATE INDEX ix_payments_centre ON payments (gateway, centre);
CREATE INDEX ix_payments_to_give_back ON payments (application) WHERE state IN ('refund_requested', 'refund_pending', 'refund_manual');
CREATE INDEX ix_payments_acting ON payments (gateway, acting);
CREATE INDEX ix_checkouts_application ON checkouts (application);
CREATE INDEX ix_counter_openings_centre ON counter_openings (centre, till, number);
CREATE INDEX ix_counter_entries_session ON counter_entries (session);
COMMIT;
