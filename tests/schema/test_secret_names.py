"""Which names, and which values, are secret. The scripts of the pages follow the same list."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from schema.secret_names import is_secret, is_secret_name

SECRET = """
password passwd pass pwd pw passphrase passcode secret
token credentials creds dsn jwt bearer psk pin
htpasswd kubeconfig keytab apikey
db_password DB_PASSWORD dbPassword db-password db.password dbpassword db_password2 password_1
mysql_root_password postgres_passwd pg_pwd
mongo_admin_pass redis_requirepass requirepass irc_password
vault_password vault_mysql_root_password default_password password_default new_password
ansible_password ansible_ssh_pass ansible_ssh_password ansible_become_pass ansible_become_password
ansible_sudo_pass ansible_su_pass ansible_ssh_passphrase
rootpw root_pw olcRootPW bindpw ldap_bind_pw rootpass userpass sshpass smtp_pass
password_hash passwordhash admin_password_hash crypted_password password_digest password_salt
user_passwords api_tokens client_secrets openrc_os_password upassword enable_secret enable_password
clientSecret client_secret oauth_client_secret app_secret shared_secret cluster_secret jwt_secret
secret_key SECRET_KEY secret_key_base django_secret_key TOKEN_RAILS_SECRET secret_value secret_id
secret_data secret_access_key aws_secret_access_key S3_SECRET_ACCESS_KEY aws_secret_key
access_key accessKey ec2_access_key storage_account_key api_key apiKey api_keys x_api_key
private_key privateKey ssh_private_key ssl_private_key private_keys rsa_private_key gpg_private_key
tls_key ssl_key sslKey server_key client_key ca_key ceph_rgw_ssl_key ssl_certificate_key
encryption_key encryptionKey etcd_encryption_key signing_key openstack_ssh_signing_key license_key
licence_key kubeadm_certificate_key host_config_key master_key app_key hmac_key unseal_keys
fernet_keys wireguard_preshared_key preshared_key tsig_key rndc_key consul_gossip_key activation_key
auth_token authtoken access_token refresh_token bearer_token git_access_token slack_token
rails_deploy_git_access_token vault_token github_pat_token k3s_token token_old csrf_token
database_url DATABASE_URL db_url db_uri connection_string connectionString conn_str sentry_dsn
webhook_url slack_webhook_url slack_webhook connection_url jdbc_url
snmp_community snmp_ro_community rocommunity rwcommunity community_string
wifi_psk wpa_psk user_pin sim_pin erlang_cookie rabbitmq_erlang_cookie auth_salt totp_seed
recovery_codes pairing_code seed_phrase basic_auth registry_auth redis_auth http_basic_auth
authorization proxy_authorization admin_credentials cloud_credential google_credentials
Passwort DbPasswort kennwort mot_de_passe motDePasse mot_de_passe_admin mdp db_mdp contraseña
contrasena_admin senha wachtwoord lösenord losenord adgangskode salasana hasło haslo heslo parola
şifre jelszó lozinka geheim пароль Пароль_базы парол パスワード 密码 密碼 비밀번호
ｐａｓｓｗｏｒｄ pässword
""".split()

OPEN = """
user port name host key keys colour
version rack bypass compass passenger bypass_cache passive pinned
keyboard keyboard_layout keymap keycloak_version keystone_admin_user_name monkey turkey hockey
token_ttl token_url token_uri token_endpoint token_type token_name token_lifetime token_expiry
token_count tokens_per_minute max_tokens_limit access_token_max_seconds kube_token_dir token_header
token_prefix tokenizer tokenize jwt_ttl jwt_issuer jwt_audience jwt_algorithm jwt_public_key
password_authentication PasswordAuthentication passwordauthentication password_min_length
password_max_age password_policy password_file passwordfile password_login password_length
password_hash_algorithm password_expiry_days password_complexity password_history password_prompt
password_encryption password_lock password_reset_url password_store passwordless passwordless_sudo
passwords_needed_to_start ask_password ask_pass use_password no_password update_password
PermitEmptyPasswords ssh_password_auth become_ask_pass_prompt
secret_name secretName secret_names secret_ref secretRef secretKeyRef secret_path secret_file
secret_namespace secret_type secret_engine secrets_dir secret_backend existing_secret
image_pull_secrets secretary secretsmanager_region vault_secret_version
credential_id credential_name credentials_dir credentials_file credential_type webhook_credential_id
ssh_key_path key_file key_path key_name key_id key_type key_size key_usage access_key_id
S3_ACCESS_KEY_ID private_key_path private_key_file privateKeyPath ansible_ssh_private_key_file
ansible_private_key_file tls_key_file ssl_key_path ssl_certificate_key_file tls_cert ssl_cert
public_key publicKey ssh_public_key pubkey public_keys authorized_keys authorized_key known_hosts
ssh_authorized_keys trusted_keys host_key
ssh_host_key_rsa_public host_key_checking copy_admin_key_mode
primary_key foreign_key partition_key sort_key cache_key routing_key topology_key label_key
apt_key rpm_gpg_key gpg_key repo_key registry_key openvpn_key_country openvpn_key_ou ec2_keypair
ssl_protocol ssl_cipher_suite_tls13 haproxy_ssl haproxy_ssl_all_vips rabbitmq_use_ssl tls_version
proxy_pass fastcgi_pass proxy_pass_header ssl_passthrough by_pass pass_max_days PASS_MIN_LEN
gpio_pin apt_pin version_pin apt_pin_priority spin pinging pingable_check_script_internal
auth auth_type auth_method kube_api_anonymous_auth kube_webhook_token_auth auth_url
keystone_auth_plugin skip_authorization authorization_mode authentication authenticated
service_url base_url scm_url openrc_os_auth_url callback_url database_name database_host db_user
connection ansible_connection fact_caching_connection webhook_service webhook_port webhook_enabled
salt salt_master salt_version license_type
license_info community_edition bgp_community cookie_domain
hash_seed_size seed_hosts kubeconfig_path dsn_name psk_identity psk_file tlspskidentity
passwort_länge_min mot_de_passe_file mot passe année größe имя 名前 이름 contraste desenhado senhor
""".split()


def test_the_tables_are_long_enough_and_have_nothing_in_common():
    assert len(set(SECRET)) >= 120 and len(set(OPEN)) >= 120
    assert not set(SECRET) & set(OPEN)


@pytest.mark.parametrize("name", SECRET)
def test_this_name_tells_of_a_secret(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OPEN)
def test_this_name_only_sounds_like_it(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["", "_", "1", "…", "слово", "a" * 10_000, "_password", "9password"]
)
def test_any_text_can_be_a_name(name):
    assert is_secret(name, "x") == ("password" in name)


# --- Values ---------------------------------------------------------------------------------------

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("db_password", value) for value in ("x", 12345, 1.5, ["a"], {"a": "b"}, "/etc/passwd")],
        *[("pin", value) for value in (1234, "0000")],
        ("api_tokens", [False, "x"]),
        ("tls_key", "abc"),
        ("tls_key", KEY),
        ("ssh_keys", KEY),
        ("id_rsa", KEY),
        ("storage_account_key", "/9j/4AAQSkZJRgABAQ+w/cd=="),
        ("pip_index_url", "https://user:hunter2@pypi.example.com/simple"),
        ("https_proxy", "http://user:hun{{ 1 }}ter2@proxy:3128"),
        ("git_repo", "https://x-token:hunter2@git.example.com/a.git"),
        ("redis_url", "redis://:hunter2@cache:6379/0"),
        ("slack_webhook", "https://hooks.example.com/services/T0/B0/x"),
        ("credential", "ssh"),
        ("config", '{"db": {"password": "hunter2"}}'),
        ("config", ' [1, {"rootpw": 5}]'),
        ("config", '{"inner": "{\\"token\\": \\"hunter2\\"}"}'),
    ],
)
def test_this_value_is_secret_under_this_name(name, value):
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[
            ("db_password", value)
            for value in (None, True, False, "", [], {}, [None, ""], {"a": []})
        ],
        ("password_authentication", "yes"),
        ("password_min_length", 12),
        ("tls_key", "/etc/ssl/private/web.key"),
        ("tls_key", "{{ playbook_dir }}/files/web.pem"),
        ("client_secret", "/run/secrets/client"),
        ("kubeconfig", "~/.kube/config"),
        ("credentials", "/root/.aws/credentials"),
        ("tls_pem", CERTIFICATE),
        ("deploy_key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI deploy@ci"),
        ("admin_key", ["ssh-rsa AAAA a", "ssh-rsa AAAB b"]),
        ("redis_url", "redis://cache:6379/0"),
        ("https_proxy", "http://proxy.example.com:3128"),
        ("repo_url", "https://user@git.example.com/a.git"),
        ("db_link", "postgres://app:{{ db_password }}@db/app"),
        ("motd", "mail me: http://a:b@c"),
        ("webhook", "github"),
        ("credential", 7),
        ("credential", [7, None]),
        ("config", '{"token_ttl": 60, "password": ""}'),
        ("config", "{{ db_password }}"),
        ("config", '{"password": "hunter2"'),
        ("config", "[" * 100_000 + '"'),
        ("config", "[" * 500 + '{"password": 1}' + "]" * 500),
    ],
)
def test_this_value_is_not(name, value):
    assert not is_secret(name, value)


# --- What browsers keep ---------------------------------------------------------------------------


@pytest.mark.parametrize("script", ["unsent.js", "automation/launch.js"])
def test_the_scripts_take_at_least_as_much_for_secret(script):
    """What a browser may keep is decided there, more coarsely: the rest is only typed again."""
    text = (Path(settings.BASE_DIR) / "static" / script).read_text()
    [pattern] = re.findall(r"const SECRET = /(.*)/i;", text)
    missed = [name for name in SECRET if not re.search(pattern, name, re.IGNORECASE)]
    assert not missed
