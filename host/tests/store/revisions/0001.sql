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
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000001','office.permit','office','office 1.0','draft',NULL,'e061456d617143f2958b5cabe65dd6cd1776dbb0f5a493e94b7e097e9d723f11',NULL,'citizen','consent-absent',1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,NULL,NULL,'office',NULL,1,2,X'6D897C7CF882211302672195044D3A783B83C68F93A0FB110DB616B521CB0B03',X'6B6570743A01287471C3A8FF6A5003880E26FCE6AE7AC222F29CFF2D1B838A31D86ACCC83C13C08234381BF603991F2ABB587B3F807609DD03718BDA87328C9DCC6F',X'0179CE63E3FA79895C4D00B3819DC35FE09D07386BFFABD42FEB05EF7302AF1BD909EDD5C8649B2D52EE9E7D19DD8A551EAD775E1A36676E85D16A62B2F5450063DA3ABB742073B5697FCB9382B0EF7576D69994B4E01AEE1823A459EBF8FC6B5D971CFEB14F6DC4FAEA1F7C54CD0151593FF18B945532139982E889E29CD53F191BC801A4946C68507EA63E62BBD10240D2E1AB8B3BBBE67558CAC484DEA6159952491A4A572F6A768181BF52FA09CEBB885A6C0B60B37D80524106E781566D1036BC5103A9DCBB2B5994AE9D212041CBECB145621EA58EDB90BF111859B5D7229727FB5E7164B384771C3C8B510353B1241992753FC17ACA9C909E56ED3B3FC958F078E9F6124FD79AD5DFDADF37D8CF15A9AAF1B30D379D9878DE63B7C445840142E10B34D510DB6C825E02E6ADF3B4FFCA7D792468',NULL);
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000002','office.permit','office','office 1.0','closed',NULL,'4e21f06c5e22f4926f4e8ee05eca849e6905b4e75a7b1a498e77db553a983aa7',NULL,NULL,NULL,1796083200000000,1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,NULL,'office',NULL,2,4,X'D79E9C87C1DCB474F1CE9DD07C785F8A1B794B354E6695F91E9FF8C5ABCAFDA3',X'6B6570743A018D73E445B969D5D83F707C0CBB7BD239657E18BF2648F34F95576ED0CC45A92F2B0A5284A24FD85D6021619B04573E37B047CFDDA73654EEF061716B',X'0107CF466ACF1118CFAA58389E147918B2C504125CE5E25F21A7FC7625AF42E52EAF3A3531BF1701A65D76C7E76326A1C7544DAE35FFBB0E5E87D62DF38324BE878036E93ECA7DBF6D841ABFF2BE8298385A25D34F3162E0AEA84B298B93CA874229CBA3216BF64CCE36110EC0634948F1D658C70D1FB2420CC965467EBE3376EFA9F038876C1A87201C2EEB93FBF53680C0032D341A299796745B2A7E9FAFFC373B0F57577A1562467F5390A7970AFF22102089643B4588F4ED6A275B2E66610B95ED34569FB0541D7E461DCA406B2419FA998AA3B7BC03EDF12881706E7272D7FBC2EE5A6A686634C22C81026CDABD0B8DB54139C8D052AE425FC85B3A7B9A4B28F9074804EE4C12486A3D43BB4938055043618B',NULL);
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
	session VARCHAR(36) NOT NULL, 
	closed_at INTEGER NOT NULL, 
	closed_by VARCHAR(120) NOT NULL, 
	second VARCHAR(120), 
	reason TEXT, 
	taken_poisha BIGINT NOT NULL, 
	given_back_poisha BIGINT NOT NULL, 
	counted_poisha BIGINT NOT NULL, 
	pieces TEXT, 
	unknown INTEGER NOT NULL, 
	unpaid INTEGER NOT NULL, 
	by_hand INTEGER NOT NULL, 
	by_hand_poisha BIGINT NOT NULL, 
	CONSTRAINT pk_counter_closes PRIMARY KEY (session), 
	CONSTRAINT fk_counter_closes_session FOREIGN KEY(session) REFERENCES counter_openings (id)
);
CREATE TABLE counter_entries (
	id VARCHAR(64) NOT NULL, 
	session VARCHAR(36) NOT NULL, 
	payment VARCHAR(36) NOT NULL, 
	kind VARCHAR(120) NOT NULL, 
	at INTEGER NOT NULL, 
	poisha BIGINT NOT NULL, 
	late INTEGER NOT NULL, 
	ahead INTEGER NOT NULL, 
	CONSTRAINT pk_counter_entries PRIMARY KEY (id), 
	CONSTRAINT fk_counter_entries_session FOREIGN KEY(session) REFERENCES counter_closes (session)
);
CREATE TABLE counter_openings (
	id VARCHAR(36) NOT NULL, 
	till VARCHAR(120) NOT NULL, 
	centre VARCHAR(120) NOT NULL, 
	number INTEGER NOT NULL, 
	gateway VARCHAR(120) NOT NULL, 
	float_poisha BIGINT NOT NULL, 
	opened_at INTEGER NOT NULL, 
	opened_by VARCHAR(120) NOT NULL, 
	CONSTRAINT pk_counter_openings PRIMARY KEY (id), 
	CONSTRAINT uq_counter_openings_till_number UNIQUE (till, number)
);
CREATE TABLE counter_prints (
	id VARCHAR(36) NOT NULL, 
	application VARCHAR(36) NOT NULL, 
	payment VARCHAR(36) NOT NULL, 
	copy INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_counter_prints PRIMARY KEY (id), 
	CONSTRAINT uq_counter_prints_payment_copy UNIQUE (payment, copy)
);
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
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000001","plugin_version":"office 1.0","service":"office.permit"}',X'01464AF337317BE7257B172A6F784945E0D7C65B3776D43080791FDE6A161A369ECF28E3CEE9A7C934A5210C164FCAA63BC75780C582D4696083F62296AFFA4BB777C6394869C45EE0C7CDB05740FE0D6C63A4B11F20DB2959CA1285A1BBC9A3831B7EBF2A9C16C823911E6789C05E6B19FF944F550252613ED0C3666027DF4E9C50931555570360496F7CBAE62054919F642689CA29E67A59DD2C6F8D3E4FECD0D444C7B8828659E684A54DA543DF27AFE914DEB6723BB5317C1B05CD8B9BA1584BD01FE55BAAA15C646233B1613737E08E9475E61D17DB382F837CE9DA06159929151ECDC4B4BBE275A41BDCDC8AC8887C',X'4B08AB593F1E1EF62A6F4F8227F021B05D8F00CEB633B46214D9C7AF43914260');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01C0238AC2FB42A8676BFA05D8EDB31ED652E0751445C358696436B1F1273BA9AA68D7679FEBD5BD361415A380743B75A18C6FE44C6FF67E7569A9252B7723905F4384B4B2CB5C7EC3BA2C0FFBBF2D26D0F7E6E12A52D483525822E17746BF455BA847AD3D069C297EC39F19C2',X'6D897C7CF882211302672195044D3A783B83C68F93A0FB110DB616B521CB0B03');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000002","plugin_version":"office 1.0","service":"office.permit"}',X'0193037BD5E202A692086345268370DBC59915735AE32CD817089988E6A00F7FF9765A41F7CF1864103D57E332A632955DAEFE617D3F92F07BC2F17EE142247E0F5A3C8569E36AB247D8AB42393387278453AC3D84D9D5FCD9080233D545B32E8873B442B6BF6F2954823467BFED4ABE0DD2EA0C40F6A6AC0844151D127272025609EE645826DF9A238CC2C20165B8937697A65B9099D09212BD3583ECCD965DAFC7EF4A0EEBBCD55D903A63FFA315C95BFBBF830B66FE6C30BD40B21042642E08170CE2B3E4183091D13F1C8E69B93AB3A2B26D787415B2EF8DA7B498CD4363FA775D4B85FA771E8057ECAF73EECBC47901',X'1A4F4DE6FBF282132516FDDE4A8159CB9AFBE9DDA4FC180F7391D923B972C4D5');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01A0BA9DC2015142A74B974C08835AD7AA49B0ECAB2A84BBB6BED94405FE367D82AB7DC607E3C321DE559C818A7AC9BD66BF85BC46DEB9AD3B6CC6DC5144F56FD5C67F694EA8CCD297E46C2743344E78AF3F486C42CC4D5EFC7DBC2C728D447708E1382AE1373E42CF5F9DA761',X'2EB9EB7C80E4FC99B320CE0FA835D0C754B382506D85B458E73E041EE1EC1A7B');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',3,1796083200000000,'moved','{"actor":"citizen","at":"2026-12-01T00:00:00Z","code":"withdrawn","to":"withdrawn"}',X'019F2EA6CE63985061D49905A14D39A44BCCACF9722B12B028E82653AD101C9DA58B61E00261340F80E299B3BEBBCDFD870E8160C7EC31F296ECE4021C48138AB25782E198770E6D6F983D754C6DB6D71A74AFD8757E71DD840681B6731305A666239764895EFA7976FE05072FE3E93D',X'51ACB12509DBDFE64B4C4DB0206A76120F2A366DC6BE102EF9767D5DE2B2B372');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',4,1796083200000000,'moved','{"actor":"core","at":"2026-12-01T00:00:00Z","code":"settled","to":"closed"}',X'011A61BE071ADC58B9EC781CF819512FCA7184BCA77574672453A6682F9DAC72E31F3580646CFF56926B04B6A8F9AC5F156E01D2CB5591C98005F7611DC96019D6495103A210D20FAEB89175E619674AB2971AD0A02C0B4174616ED6B6A2BEB2FF3EF3EAB01F4DBE',X'D79E9C87C1DCB474F1CE9DD07C785F8A1B794B354E6695F91E9FF8C5ABCAFDA3');
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
INSERT INTO "ledger" VALUES(1,1,1796083200000000,'applications','00000000-0000-4000-8000-000000000001','{"draft":"/mPMVUEcvzY8pEMddwZPeNxlMJ0tqlt571/B7cLFigA=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"draft","gateway":null,"hold_party":"citizen","hold_code":"consent-absent","opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":null,"due_at":null,"operation":null,"target_plugin":"office","lease":null,"revision":1,"entries":2,"chain":"bYl8fPiCIRMCZyGVBE06eDuDxo+ToPsRDbYWtSHLCwM=","blocked":null}',X'3444E4259C89CEC74C352BDFF663832F1D82F74059E695A486C4AA3FE4EDF300');
INSERT INTO "ledger" VALUES(1,2,1796083200000000,'applications','00000000-0000-4000-8000-000000000002','{"draft":"b9vYXm+V1AuCDTHhzsoPfKMt4m/rw3otp/e4sTRjuEM=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"closed","gateway":null,"hold_party":null,"hold_code":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":1796083200000000,"due_at":null,"operation":null,"target_plugin":"office","lease":null,"revision":2,"entries":4,"chain":"156ch8HctHTxzp3QfHhfiht5SzVOZpX5Hp/4xavK/aM=","blocked":null}',X'17D006CCF644D26B01C93DDFBC081EBB7BFDA9685F5395306F55AD8C3FDACAD1');
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
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000001',X'016837CECE257724756B05757758BA441B9E23E57896E288CED7C22F549E369B6C6938FBCFA5A59E2D409440D4910095E5AACD0A346D82301D7C8DB5F3C297DFA70EDE303F324D31EEA412E2FC2EA49AD74A3C45942EECC18A2C1A17AAC0BAFDB5D2D7ED3C6A0EA800C22B50C2E093403F1E973F11F21CF88F554B83949C73D30A210F1132668952373FE74B839BDAC2E23812227E7A7227800CE948C714E77F5B6C1F3C95071372BE43E2F37CA271A342BCD0B392743ACC7E91FE446118825AA266E9E4F89ED252D1C5568C7654F8DBC2DD31CD2115AB21A3A74626C9A7727C23A5FB6E61D5CD73EC0B117E7F171D7DEA8170A5CEBE39D2288427631E4509CE7E8728F939F8A4130403B14A0712516CF6B5FF0F4C71BC425E3DD10D66F17855C060DB537D420F3B9766875BC05D46C362D29225A8A3F6A8D338788F8D47C797ED401EEB6F64FCC539ED9CAD7B49B9FF0E82595D0A5E9AC2E84517F70500724766C6C336B562DB835EA5349C92B35F720B73758B20AE08F6409BFE04B5D47F55560BD4C85246015700C0AF9730BF6A7C1392717AAAD72F66DC8CDD6D6A21F9CCB0',1796083200000000);
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000002',X'01819EF0DE50A594E45C5CCF0AC62323CAE71595BDA6306BA20F53FCFC24DD46B6160E971038161DB9CACDC1BE16648C77A41024946290ED59C5734B2C1C4B973307937777B5A8B546907B8B517F94A86A25CB14B70A5D5006BBC3EEFC0F24657E50F25534D56960462EBE451EB5CBA69B3BB3D9A74A6CC6BD3172110E7B9ACE2173940BE59CBD8D533EABE7FC8E546FDFFD3AB8E84EB3A9A569D25AE0EA8B0936017CCD6E4FF0C18C3C6C87DE1851A49643F55F808B196F37F86551CB6D00F1E5BDA5F5F302E43B9AD6ABA272D7229B40D7B6D4F3182FBB08E3A2C7A7CEAA6B73906CE0761CEFBA04834CAB57E6C4C3603716F83871ADAB9CD1646350C7EA9904FEDAC55F4A55D57E14FDC5061541FDB26D4FC4181F19C0F213A688B57692D06F6D3F4BA445EE6FF4B6759B382683D4B002554F6FE4208B8A5AF8890D77E01FC965F8F4DA6E0CE868A5895DF4691560762ACD9C8699210BC5CB1D9471C923A3D17A916BD0AE359617EADB1451C6BCC22E995FBF8374FE35979945C3CFD3CE0F43D8B5319372FBE954E4BD4D8C3F43A34340495FD442D0B8D389F14AEA6228',1796083200000000);
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
CREATE INDEX ix_applications_agency_reference ON applications (plugin, agency_reference);
CREATE INDEX ix_applications_hold ON applications (hold_code, opened_at, id) WHERE hold_code IS NOT NULL;
CREATE INDEX ix_applications_blocked ON applications (blocked, opened_at, id) WHERE blocked IS NOT NULL;
CREATE INDEX ix_applications_due ON applications (target_plugin, due_at) WHERE due_at IS NOT NULL AND parked_at IS NULL;
CREATE INDEX ix_applications_closed ON applications (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ix_applications_parked ON applications (service) WHERE parked_at IS NOT NULL;
CREATE INDEX ix_applications_service ON applications (service, state, opened_at, id);
CREATE INDEX ix_applications_lease ON applications (lease_until) WHERE lease IS NOT NULL;
CREATE INDEX ix_applications_person ON applications (updated_at) WHERE closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review');
CREATE INDEX ix_applications_opened ON applications (opened_at, id);
CREATE INDEX ix_payment_cases_application ON payment_cases (application);
CREATE INDEX ix_payment_cases_waiting ON payment_cases (opened_at) WHERE opened_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ix_payment_cases_payment ON payment_cases (payment);
CREATE INDEX ix_inbox_reference ON inbox (reference) WHERE reference IS NOT NULL;
CREATE INDEX ix_inbox_due ON inbox (offer, due_at) WHERE handled_at IS NULL;
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_inbox_arrival ON inbox (offer, arrival);
CREATE INDEX ix_permits_plugin ON permits (plugin);
CREATE INDEX ix_agency_logins_plugin ON agency_logins (plugin, at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_ledger_subject ON ledger (subject);
CREATE INDEX ix_payments_acting ON payments (gateway, acting);
CREATE INDEX ix_payments_application ON payments (application);
CREATE INDEX ix_payments_to_give_back ON payments (application) WHERE state IN ('refund_requested', 'refund_pending', 'refund_manual');
CREATE INDEX ix_payments_captured ON payments (gateway, captured_at);
CREATE INDEX ix_payments_state ON payments (gateway, state, opened_at, id);
CREATE INDEX ix_payments_opened ON payments (opened_at, id);
CREATE INDEX ix_payments_centre ON payments (gateway, centre);
CREATE INDEX ix_checkouts_application ON checkouts (application);
CREATE INDEX ix_counter_openings_centre ON counter_openings (centre, till, number);
CREATE INDEX ix_counter_entries_session ON counter_entries (session);
CREATE INDEX ix_counter_entries_payment ON counter_entries (payment);
COMMIT;
